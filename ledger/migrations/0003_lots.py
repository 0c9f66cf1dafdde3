

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_partial_post'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpiryNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('expires_on', models.DateField()),
                ('days_before', models.PositiveSmallIntegerField()),
                ('told_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LimitChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('member', 'member'), ('fund', 'community fund')], max_length=10, verbose_name='kind')),
                ('credit_limit_minutes', models.BigIntegerField(verbose_name='credit limit (minutes)')),
                ('soft_limit_minutes', models.BigIntegerField(blank=True, null=True, verbose_name='soft limit (minutes)')),
                ('max_balance_minutes', models.BigIntegerField(blank=True, null=True, verbose_name='largest balance (minutes)')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('created_at', models.DateTimeField(verbose_name='written')),
                ('takes_effect_at', models.DateTimeField(verbose_name='takes effect')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='took effect')),
            ],
            options={
                'verbose_name': 'change of limits',
                'verbose_name_plural': 'changes of limits',
            },
        ),
        migrations.CreateModel(
            name='Lot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minutes', models.BigIntegerField(verbose_name='amount (minutes)')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('how', models.CharField(blank=True, choices=[('passed_on', 'passed on'), ('merged', 'merged'), ('redeemed', 'redeemed'), ('retired', 'retired')], max_length=10, verbose_name='how it was spent')),
            ],
            options={
                'verbose_name': 'lot',
                'verbose_name_plural': 'lots',
            },
        ),
        migrations.CreateModel(
            name='Mint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minutes', models.BigIntegerField(verbose_name='amount (minutes)')),
                ('reason', models.CharField(choices=[('grant', 'given out by the community fund'), ('credit', 'drawn on a credit line'), ('reissue', 'given back after the first ones were used up')], max_length=10, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'mint',
                'verbose_name_plural': 'mints',
            },
        ),
        migrations.AddField(
            model_name='account',
            name='has_own_limits',
            field=models.BooleanField(default=False, verbose_name='has limits of its own'),
        ),
        migrations.AddField(
            model_name='account',
            name='max_balance_minutes',
            field=models.BigIntegerField(blank=True, null=True, verbose_name='largest balance (minutes)'),
        ),
        migrations.AddField(
            model_name='account',
            name='soft_limit_minutes',
            field=models.BigIntegerField(blank=True, null=True, verbose_name='soft limit (minutes)'),
        ),
        migrations.AddField(
            model_name='hold',
            name='category',
            field=models.CharField(blank=True, max_length=40, verbose_name='category of help'),
        ),
        migrations.AddField(
            model_name='hold',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='expires'),
        ),
        migrations.AddField(
            model_name='hold',
            name='frozen_until',
            field=models.DateTimeField(blank=True, null=True, verbose_name='frozen until'),
        ),
        migrations.AddField(
            model_name='hold',
            name='reverses',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transfer', verbose_name='reverses'),
        ),
        migrations.AddField(
            model_name='transfer',
            name='category',
            field=models.CharField(blank=True, max_length=40, verbose_name='category of help'),
        ),
        migrations.AddField(
            model_name='transfer',
            name='minutes_expire_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='its minutes expire'),
        ),
        migrations.AddField(
            model_name='transfer',
            name='reverses',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='ledger.transfer', verbose_name='reverses'),
        ),
        migrations.AlterField(
            model_name='hold',
            name='kind',
            field=models.CharField(choices=[('help', 'help'), ('gift', 'gift'), ('grant', 'starting hours'), ('refund', 'hours given back'), ('donation', 'donation to the community fund'), ('expiry', 'expired hours'), ('write_off', 'written off'), ('reversal', 'reversal')], max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='hold',
            name='state',
            field=models.CharField(choices=[('held', 'held'), ('posted', 'posted'), ('voided', 'voided'), ('expired', 'expired')], default='held', max_length=10, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='transfer',
            name='kind',
            field=models.CharField(choices=[('help', 'help'), ('gift', 'gift'), ('grant', 'starting hours'), ('refund', 'hours given back'), ('donation', 'donation to the community fund'), ('expiry', 'expired hours'), ('write_off', 'written off'), ('reversal', 'reversal')], max_length=10, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('due', False), ('expires_at__isnull', False), ('state', 'held')), fields=['expires_at', 'id'], name='hold_expires'),
        ),
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(condition=models.Q(('reverses__isnull', False)), fields=['reverses'], name='transfer_reversals'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('due', False), ('frozen_until', None), _connector='OR'), name='hold_due_is_not_frozen'),
        ),
        migrations.AddConstraint(
            model_name='transfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('kind', 'reversal'), _negated=True), ('reverses', None)), _connector='OR'), name='transfer_reversal_names_the_first'),
        ),
        migrations.AddField(
            model_name='expirynotice',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ledger.account'),
        ),
        migrations.AddField(
            model_name='limitchange',
            name='account',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='limit_changes', to='ledger.account', verbose_name='account'),
        ),
        migrations.AddField(
            model_name='limitchange',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='lot',
            name='born_in',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lots_born', to='ledger.transfer', verbose_name='born in'),
        ),
        migrations.AddField(
            model_name='lot',
            name='owner',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='ledger.account', verbose_name='owner'),
        ),
        migrations.AddField(
            model_name='lot',
            name='spent_in',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lots_spent', to='ledger.transfer', verbose_name='spent in'),
        ),
        migrations.AddField(
            model_name='mint',
            name='issuer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='mints', to='ledger.account', verbose_name='issuer'),
        ),
        migrations.AddField(
            model_name='mint',
            name='transfer',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='mint', to='ledger.transfer', verbose_name='transfer'),
        ),
        migrations.AddField(
            model_name='lot',
            name='mint',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='ledger.mint', verbose_name='mint'),
        ),
        migrations.AddConstraint(
            model_name='expirynotice',
            constraint=models.UniqueConstraint(fields=('account', 'expires_on', 'days_before'), name='expiry_notice_once'),
        ),
        migrations.AddIndex(
            model_name='limitchange',
            index=models.Index(condition=models.Q(('applied_at', None)), fields=['takes_effect_at'], name='limit_change_to_come'),
        ),
        migrations.AddConstraint(
            model_name='limitchange',
            constraint=models.CheckConstraint(condition=models.Q(('credit_limit_minutes__gte', 0)), name='limit_change_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='limitchange',
            constraint=models.CheckConstraint(condition=models.Q(('soft_limit_minutes', None), ('soft_limit_minutes__gte', 0), _connector='OR'), name='limit_change_soft_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='limitchange',
            constraint=models.CheckConstraint(condition=models.Q(('max_balance_minutes', None), ('max_balance_minutes__gt', 0), _connector='OR'), name='limit_change_most_is_some'),
        ),
        migrations.AddConstraint(
            model_name='limitchange',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='limit_change_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='mint',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minutes__gt', 0)), name='mint_makes_time'),
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(condition=models.Q(('spent_in__isnull', False)), fields=['spent_in', 'mint'], name='lot_spent'),
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('spent_in', None)), fields=['expires_at'], name='lot_expires'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(condition=models.Q(('expires_at', None), ('spent_in', None)), fields=('owner', 'mint'), name='lot_open_once_lasting'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(condition=models.Q(('expires_at__isnull', False), ('spent_in', None)), fields=('owner', 'expires_at', 'mint'), name='lot_open_once_expiring'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minutes__gt', 0)), name='lot_holds_time'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('how', ''), ('spent_in', None)), models.Q(('spent_in__isnull', False), models.Q(('how', ''), _negated=True)), _connector='OR'), name='lot_spent_somehow'),
        ),
    ]
