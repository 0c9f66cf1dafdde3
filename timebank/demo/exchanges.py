"""What became of some of the offers and requests: agreed, given, reviewed, called off, disputed."""

from __future__ import annotations

from dataclasses import dataclass

from .listings import NOTICES


@dataclass(frozen=True)
class Said:
    """One review: stars and words."""

    stars: int
    words: str = ""


@dataclass(frozen=True)
class Trouble:
    """A dispute: why, what both say, and what a moderator made of it, if one has ruled."""

    reason: str
    statement: str  # of whoever asked
    answer: str  # of the notice's owner
    outcome: str = ""
    provider_minutes: int | None = None
    because: str = ""


@dataclass(frozen=True)
class Deal:
    """One exchange. ``days_ago`` is when ``asking`` asked the owner of the notice; ``talk`` is who wrote what, in turns.

    ``after_days`` is the date they agreed on, counted from asking; None for "we will agree". ``real_minutes`` is how
    long it really took.
    """

    owner: str
    title: str
    asking: str
    days_ago: int
    state: str
    after_days: int | None = 2
    minutes: int | None = None  # those of the notice, unless they agreed on others
    real_minutes: int | None = None
    talk: tuple[str, ...] = ()  # by turns: asking, owner, asking…
    of_owner: Said | None = None
    of_asking: Said | None = None
    trouble: Trouble | None = None

    @property
    def agreed_minutes(self) -> int:
        notice = next(notice for notice in NOTICES if notice.key == (self.owner, self.title))
        return self.minutes or notice.minutes or 60

    @property
    def receiver(self) -> str:
        notice = next(notice for notice in NOTICES if notice.key == (self.owner, self.title))
        return self.asking if notice.kind == "offer" else self.owner


# fmt: off
DEALS = (
    # Given, confirmed and, mostly, reviewed by both.
    Deal("joao", "Troco chuveiro, tomada e interruptor", "vera", 70, "completed", talk=("Boa tarde, seu João. O chuveiro queima toda semana.", "Deve ser a resistência. Passo quinta, 14 h?", "Perfeito, espero com café."), of_owner=Said(5, "Chegou na hora, explicou tudo e deixou o banheiro limpo."), of_asking=Said(5, "Casa organizada e café bom.")),
    Deal("joao", "Torneira pingando e descarga teimosa", "edna", 52, "completed", real_minutes=45, of_owner=Said(5, "Acabou o pinga-pinga."), of_asking=Said(5)),
    Deal("joao", "Troco chuveiro, tomada e interruptor", "beatriz", 33, "completed", of_owner=Said(4, "Muito bom. Só precisou voltar para buscar uma peça."), of_asking=Said(5, "Gente boa.")),
    Deal("cida", "Pão de queijo desde o polvilho", "hannah", 61, "completed", talk=("Olá Cida! My Portuguese is small but my appetite is big.", "Comer todo mundo entende, minha filha. Sábado à tarde?"), of_owner=Said(5, "I laughed, I learned, I ate eleven of them."), of_asking=Said(5, "Aprende rápido e lava a louça.")),
    Deal("cida", "Bolo de aniversário, o seu sabor", "luana", 44, "completed", of_owner=Said(5, "O bolo de prestígio acabou antes do parabéns."), of_asking=Said(5)),
    Deal("margaret", "English conversation over tea", "mateus", 58, "completed", talk=("Hello Margaret, I would like to practise for a scholarship.", "Lovely. Tuesday at four? I shall bake."), of_owner=Said(5, "Paciente, engraçada e corrige sem cortar a fala."), of_asking=Said(5, "A pleasure. Ready for any interview.")),
    Deal("margaret", "English conversation over tea", "juliana", 30, "completed", of_owner=Said(5, "Melhor que qualquer curso."), of_asking=Said(5)),
    Deal("margaret", "Someone beside you at the clinic", "dora", 25, "completed", real_minutes=90, of_owner=Said(5, "Anotou o que o médico disse e me explicou em casa. Um anjo."), of_asking=Said(5, "Dora knows everybody in the waiting room.")),
    Deal("ana", "Conversação em inglês para quem já sabe um pouco", "bruna", 41, "completed", of_owner=Said(5, "Saí falando."), of_asking=Said(5)),
    Deal("ana", "Conversação em inglês para quem já sabe um pouco", "camila", 27, "completed", of_owner=Said(4, "Ótima aula, podia ter mais tempo."), of_asking=Said(5, "Pontual e animada.")),
    Deal("ana", "Primeiros acordes no violão", "silvana", 2, "completed", after_days=1, of_owner=Said(5, "Três acordes e já toco parabéns.")),
    Deal("rafael", "Revisão da sua bicicleta", "gustavo", 50, "completed", of_owner=Said(5, "Bicicleta nova."), of_asking=Said(5)),
    Deal("rafael", "Dois braços para a sua mudança", "priya", 40, "completed", real_minutes=150, talk=("Hi Rafael, third floor, no lift, many books.", "Livro é o pior! Vamos. Sábado cedo."), of_owner=Said(5, "Not one box dented, and he sang on the stairs."), of_asking=Said(5)),
    Deal("fatima", "Barra de calça enquanto conversamos", "otavio", 38, "completed", of_owner=Said(5, "Rápida e caprichosa. O café também."), of_asking=Said(5)),
    Deal("fatima", "Esfihas para a sua festa, três dúzias", "leandro", 21, "completed", of_owner=Said(5, "Acabaram em dez minutos."), of_asking=Said(4, "Avisou um pouco em cima da hora, mas tudo certo.")),
    Deal("tomasz", "Drawers, doors and anything that squeaks", "emily", 43, "completed", of_owner=Said(5, "The door closes. I keep closing it."), of_asking=Said(5)),
    Deal("davi", "Celular sem pressa", "terezinha", 36, "completed", of_owner=Said(5, "Um amor de menino, repetiu quantas vezes eu quis."), of_asking=Said(5, "Aprendeu videochamada de primeira.")),
    Deal("henrique", "Carona ao posto de saúde e de volta", "marlene", 31, "completed", of_owner=Said(5, "Esperou comigo até o fim."), of_asking=Said(5)),
    Deal("mateus", "Matemática do 6º ano ao vestibular", "rosangela", 28, "completed", of_owner=Said(5, "Minha neta tirou oito!"), of_asking=Said(5, "Família dedicada.")),
    Deal("ines", "Leio a carta da repartição e explico", "amina", 23, "completed", of_owner=Said(5, "Finally I understand the letter. It was good news."), of_asking=Said(5)),
    Deal("otavio", "Imposto de renda sem medo", "wellington", 19, "completed", of_owner=Said(5, "Perdi o medo e ganhei restituição."), of_asking=Said(5, "Trouxe tudo organizado.")),
    Deal("yuki", "Composteira de balde, do começo ao adubo", "kathleen", 16, "completed", real_minutes=75, of_owner=Said(5, "I am the proud owner of worms."), of_asking=Said(5)),
    Deal("caio", "Uma parede por tarde", "sofia", 14, "completed", real_minutes=120, of_owner=Said(4, "Beautiful work, a little paint on the cat.")),
    Deal("nelson", "Poda de fruteira na época certa", "paulo", 12, "completed", of_owner=Said(5, "Mão de mestre."), of_asking=Said(5)),
    Deal("grace", "Two hours with the twins on Thursdays", "beatriz", 18, "completed", of_owner=Said(5, "Crianças ótimas e barulhentas, como prometido."), of_asking=Said(5, "They asked when she comes back.")),
    Deal("terezinha", "Quem lê as letras miúdas para mim?", "vera", 22, "completed", of_owner=Said(5), of_asking=Said(5, "Lê com calma e explica com carinho.")),
    Deal("samuel", "Van with a careful driver", "chen", 9, "completed", of_owner=Said(5, "A freezer, three flights, no scratch.")),
    Deal("patricia", "Meia hora para os seus ombros", "marcelo", 6, "completed", after_days=1),
    # Asked, and not answered yet.
    Deal("margaret", "English conversation over tea", "rafael", 1, "proposed", after_days=4, talk=("Good morning Margaret! My interview is in three weeks and I am shy. Could we talk for one hour?",)),
    Deal("ana", "Começar uma horta no quintal", "yuki", 2, "proposed", after_days=5, minutes=120, talk=("Oi, Ana! Duas horas dá para preparar os canteiros. Levo as mudas de alface.",)),
    Deal("priya", "Something green that survives my balcony", "hannah", 3, "proposed", after_days=None, talk=("I have rosemary that has survived me. When are you in?",)),
    Deal("regina", "Vou com você à repartição", "jonas", 4, "proposed", after_days=7),
    # Agreed; the hours are set aside.
    Deal("ana", "Conversação em inglês para quem já sabe um pouco", "luana", 3, "accepted", after_days=4, talk=("Oi, vizinha! As crianças dormem às oito. Pode ser à noite?", "Pode, e traga o chá. Quinta?", "Quinta!")),
    Deal("tomasz", "Portuguese for a carpenter", "vitoria", 4, "accepted", after_days=6, talk=("Oi, Tomasz! Ensino piadas também.",)),
    Deal("wellington", "Corte de cabelo e barba em domicílio", "benedito", 5, "accepted", after_days=None),
    Deal("camila", "Retratos de família na praça", "simone", 2, "accepted", after_days=3),
    # Begun.
    Deal("lucas", "Fotos antigas no computador", "neide", 6, "in_progress", after_days=5, talk=("São duas caixas de sapato, meu filho.", "Adoro caixas de sapato.")),
    Deal("arlindo", "Cadeira de palhinha restaurada", "edna", 5, "in_progress", after_days=4),
    # Done, says the provider; the receiver has not confirmed yet.
    Deal("cida", "Bolo de aniversário, o seu sabor", "ana", 4, "delivered", after_days=3, talk=("Dona Cida, o Tomé faz cinco anos no sábado. Chocolate com morango?", "Com morango e com sapo de glacê em cima.", "A senhora é a melhor.")),
    Deal("margaret", "Curtain rail came down", "joao", 3, "delivered", after_days=2, minutes=45, real_minutes=30, talk=("Good afternoon, dona Margaret. Tenho escada. Posso passar aí?", "Perfect. I shall hold the ladder and worry.")),
    Deal("mariana", "Passeio com o seu cachorro", "olivia", 2, "delivered", after_days=1),
    # Came to nothing.
    Deal("aline", "Corte e escova com conversa", "raquel", 20, "declined", talk=("Sábado cedo é possível?", "Sábado não consigo, me desculpe!")),
    Deal("thomas", "German for beginners", "felipe", 20, "declined"),
    Deal("beatriz", "Fico com as crianças no fim da tarde", "marcelo", 24, "withdrawn"),
    Deal("samuel", "Van with a careful driver", "caio", 15, "withdrawn"),
    Deal("igor", "If it leaks, hums or should not be hot", "regina", 17, "cancelled", talk=("O registro parou de pingar sozinho, acredita?", "The best repair. I cancel, keep your hour.")),
    Deal("gustavo", "Geladeira, piano, sofá", "lourdes", 11, "cancelled"),
    Deal("sofia", "Spanish over mate", "davi", 13, "expired"),
    Deal("bruna", "Primeiras aulas do seu cachorro", "henrique", 29, "expired", after_days=None),
    # Went wrong. Two wait for a moderator, one was settled.
    Deal("henrique", "Pintar o portão de casa", "caio", 7, "disputed", talk=("Bom dia! Passo quinta com o rolo.", "A tinta está na garagem.", "Terminei agora, ficou bonito."), trouble=Trouble("different", "Pintei o portão inteiro, duas demãos. Ele diz que faltou o lado de dentro, que não estava combinado.", "O combinado era o portão, e portão tem dois lados. Por dentro está só lixado.")),
    Deal("grace", "Stories in two languages", "simone", 8, "disputed", talk=("Meus meninos podem ir domingo?", "Of course, bring a hat."), trouble=Trouble("not_done", "Choveu e não teve história. Fomos até a praça à toa.", "It rained, so we read under the arcade, with five children. I did look for you.")),
    Deal("paulo", "Qual árvore cabe na minha calçada?", "aline", 32, "resolved", trouble=Trouble("time", "Ele ficou vinte minutos e marcou uma hora.", "Fui duas vezes: a primeira para olhar, a segunda para medir.", "split", 40, "Paulo came twice, as the messages show, and the second visit was short. Forty minutes is what both described.")),
)
# fmt: on
