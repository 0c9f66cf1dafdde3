"""What the neighbours of Vila Esperança offer and ask for, each in her own language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """An offer or a request of somebody's; ``minutes`` None means "we agree together"."""

    handle: str  # of its owner
    kind: str
    category: str
    minutes: int | None
    place: str
    title: str
    description: str
    state: str = "open"

    @property
    def key(self) -> tuple[str, str]:
        return self.handle, self.title


def _offer(
    handle: str, category: str, minutes: int | None, place: str, title: str, description: str, state: str = "open"
) -> Notice:
    return Notice(handle, "offer", category, minutes, place, title, description, state)


def _request(
    handle: str, category: str, minutes: int | None, place: str, title: str, description: str, state: str = "open"
) -> Notice:
    return Notice(handle, "request", category, minutes, place, title, description, state)


# fmt: off
NOTICES = (
    _offer("ana", "languages", 60, "Na varanda, Rua das Mangueiras 12", "Conversação em inglês para quem já sabe um pouco", "Uma hora só falando, com café. Corrijo sem assustar. Bom para entrevista, viagem ou para entender a neta que mora fora."),
    _offer("ana", "music", 45, "Na sua casa ou na minha", "Primeiros acordes no violão", "Três acordes, dez músicas. Traga o seu violão; se não tiver, empresto o meu durante a aula."),
    _request("ana", "sewing", 60, "Na minha casa", "Fantasia de sapo para o Tomé", "A festa da escola é no fim do mês. Tenho o tecido verde, falta quem saiba cortar as patas."),
    _request("ana", "vegetables", 90, "Quintal da minha casa", "Começar uma horta no quintal", "Três metros por quatro, sol de manhã. Quero aprender fazendo junto."),
    _offer("margaret", "languages", 60, "Over tea, my flat on Praça da Matriz", "English conversation over tea", "For anyone from a few words to fluent. I speak slowly, I do not mind mistakes, and there will be biscuits."),
    _offer("margaret", "elders", 120, "At the clinic or the hospital", "Someone beside you at the clinic", "I was a nurse for forty years. I come along, take notes of what the doctor says and explain it afterwards."),
    _offer("margaret", "crafts", 60, "Café da Praça", "Knitting for beginners: your first scarf", "I bring needles and wool for the first hour. You bring patience."),
    _request("margaret", "repairs", 45, "My flat, second floor", "Curtain rail came down", "Two brackets and a ladder. My knees no longer like ladders."),
    _request("margaret", "phones", 30, "My flat or the café", "Send photos from my phone to my sister in Cork", "I have been shown twice. A third time, slowly, please."),
    _offer("lourdes", "company", 90, "Na minha sala ou na sua", "Uma tarde de conversa", "Para quem mora só e sente falta de barulho na casa. Levo o bolo."),
    _offer("lourdes", "shopping", 60, "Feira de domingo", "Faço a sua feira junto com a minha", "Você me dá a lista até sábado à noite, eu escolho como se fosse para mim."),
    _offer("daniel", "school", 60, "Library, or a video call", "Maths without tears, from fractions to calculus", "Statistics teacher. We start from what you do understand, which is always more than you think."),
    _request("daniel", "languages", 60, "Anywhere with coffee", "Portuguese conversation, mostly listening to me try", "Three years here and the subjunctive still wins."),
    _offer("cida", "baking", 120, "Na minha cozinha", "Bolo de aniversário, o seu sabor", "Fubá, laranja, chocolate ou prestígio. Você traz os ingredientes, eu trago cinquenta anos de forno."),
    _offer("cida", "cooking-lessons", 120, "Na minha cozinha ou na sua", "Pão de queijo desde o polvilho", "Aprenda com a mão na massa. Rende para congelar. Serve até duas pessoas de cada vez."),
    _offer("joao", "electrical", 45, "Na sua casa", "Troco chuveiro, tomada e interruptor", "Trinta anos de profissão. Você compra a peça, eu digo qual antes."),
    _offer("joao", "plumbing", 60, "Na sua casa", "Torneira pingando e descarga teimosa", "Levo ferramenta e veda-rosca. Se for caso de quebrar parede, aviso antes."),
    _offer("yuki", "vegetables", 90, "Horta comunitária ou no seu quintal", "Composteira de balde, do começo ao adubo", "Montamos juntos e eu volto um mês depois para ver se pegou."),
    _request("yuki", "events", 180, "Horta comunitária, sábado de manhã", "Mutirão da cerca da horta", "Precisamos de quatro mãos para esticar a tela. Almoço por nossa conta."),
    _offer("rafael", "repairs", 45, "Garagem da Rua do Sol 88", "Revisão da sua bicicleta", "Freio, câmbio, centragem e corrente. Pneu furado sai na hora."),
    _offer("rafael", "moving", 120, "No bairro", "Dois braços para a sua mudança", "Subo escada, desmonto armário, não quebro espelho."),
    _request("rafael", "languages", 60, "Online ou na praça", "Inglês para a entrevista do intercâmbio", "A entrevista é em três semanas. Leio bem, falo com vergonha."),
    _offer("fatima", "meals", 90, "Na minha cozinha", "Esfihas para a sua festa, três dúzias", "Carne, queijo ou verdura. Encomende com dois dias."),
    _offer("fatima", "sewing", 30, "Na minha casa", "Barra de calça enquanto conversamos", "Chegue com a calça, saia com a barra feita e um café tomado."),
    _offer("tomasz", "repairs", 60, "Your place", "Drawers, doors and anything that squeaks", "Cabinet maker. I bring the plane and the wax. Please correct my Portuguese while I work."),
    _request("tomasz", "languages", 60, "Square or my workshop", "Portuguese for a carpenter", "I know the tools by name. I would like to know the jokes."),
    _offer("beatriz", "wellbeing", 60, "Praça da Matriz, terças às 7 h", "Ioga na praça antes do trabalho", "Para corpos de todo tipo. Traga uma toalha; se chover, é no salão."),
    _offer("beatriz", "children", 120, "Na minha casa", "Fico com as crianças no fim da tarde", "Até três, de 3 a 10 anos. Lanche, desenho e quintal, sem tela."),
    _offer("seu-ze", "vegetables", 60, "Nos meus canteiros", "Mudas de couve e conselho de horta", "Leve a muda, aprenda a época e volte para contar."),
    _offer("seu-ze", "company", 120, "Banco da praça ou na sua casa", "Dominó às quartas", "Parceiro certo, sem pressa e sem trapaça."),
    _request("seu-ze", "phones", 45, "Na minha casa", "Aprender videochamada com meu filho em Lisboa", "O aparelho é bom, o dono é que é novo nisso."),
    _offer("camila", "photos", 60, "No bairro, com boa luz", "Retratos de família na praça", "Dez fotos tratadas, por mensagem. Cachorro também é família."),
    _offer("camila", "paperwork", 60, "Online ou no café", "Currículo que alguém lê até o fim", "Uma página, sua história e nenhuma frase pronta."),
    _offer("henrique", "rides", 60, "Bairro, posto e hospital", "Carona ao posto de saúde e de volta", "Espero junto se for rápido. Carro com porta larga, cabe andador."),
    _offer("henrique", "shopping", 60, "Mercado da avenida", "Compras do mês até a sua porta", "Subo escada com as sacolas. Confiro a nota com você."),
    _request("henrique", "painting", 120, "Rua das Acácias 31", "Pintar o portão de casa", "Já lixei. Tenho tinta, falta mão e companhia."),
    _offer("grace", "children", 90, "The square", "Stories in two languages", "Up to eight children on a blanket, half in English and half in Portuguese. Parents may nap."),
    _request("grace", "children", 120, "Our house", "Two hours with the twins on Thursdays", "They are six, kind and loud. I would finish a thought."),
    _offer("neide", "sewing", 60, "No meu ateliê", "Ajuste de vestido e de terno", "Costurei noiva a vida inteira. Prova marcada, sem correria."),
    _offer("neide", "crafts", 60, "No meu ateliê", "Aprenda a pregar um zíper", "Uma hora e você nunca mais leva calça para consertar."),
    _offer("wellington", "wellbeing", 45, "Em casa de quem não pode sair", "Corte de cabelo e barba em domicílio", "Às segundas. Levo capa, espelho e conversa."),
    _offer("mariana", "pets", 30, "No bairro", "Passeio com o seu cachorro", "Até dois de cada vez. Sou veterinária, então o seu velhinho está em boas mãos."),
    _offer("mariana", "pets", 30, "Na sua casa", "Visito o seu gato na viagem", "Comida, água, areia e uma foto por dia."),
    _offer("ines", "paperwork", 45, "Na biblioteca", "Leio a carta da repartição e explico", "Cartório, prefeitura, condomínio. O que diz, o que quer e até quando."),
    _offer("ines", "languages", 60, "Online", "Tradução de certidão, português e francês", "Simples, não juramentada. Até duas páginas por hora."),
    _offer("otavio", "paperwork", 90, "Na minha casa, à tarde", "Imposto de renda sem medo", "Traga a pasta do jeito que estiver. Contador há quarenta anos."),
    _offer("priya", "computers", 60, "At your desk or mine", "Slow laptop? Let us look at it together", "Usually it is three programs and one fan. I explain what I do."),
    _offer("priya", "cooking-lessons", 90, "My kitchen", "Dosa from the day before", "We soak in the evening and fry the next morning. You take the batter home."),
    _request("priya", "gardening", 60, "Balcony, third floor", "Something green that survives my balcony", "Full sun until two, wind, and an owner who forgets."),
    _offer("luana", "children", None, "Na minha casa ou na sua", "Revezamento de crianças", "Hoje fico com as suas, amanhã você fica com as minhas. Combinamos o tempo a cada vez."),
    _request("luana", "languages", 60, "Na sua varanda", "Inglês para mim, não para as crianças", "Depois que elas dormem ou antes que acordem."),
    _offer("benedito", "music", 60, "Na minha varanda", "Moda de viola para quem começa", "Afinação cebolão, dois ponteios e uma história por aula."),
    _offer("sofia", "languages", 60, "Over mate, at mine", "Spanish over mate", "Rioplatense, with songs. Also helpful for football."),
    _offer("davi", "phones", 45, "Onde você estiver", "Celular sem pressa", "Foto para os netos, Pix, videochamada, letra maior. Repito quantas vezes precisar."),
    _offer("terezinha", "cooking-lessons", 150, "Na minha cozinha", "Feijoada de sábado, com segredo", "Começamos cedo. Você corta a couve, eu conto o segredo."),
    _request("terezinha", "paperwork", 30, "Na minha casa", "Quem lê as letras miúdas para mim?", "Contas, bulas e o contrato do plano. Meia hora por semana."),
    _offer("ahmed", "rides", 60, "Anywhere in town", "Early rides to the hospital", "From five in the morning. I know every short cut."),
    _offer("patricia", "wellbeing", 30, "Na minha casa ou na sua", "Meia hora para os seus ombros", "Fisioterapeuta. Massagem e dois exercícios para levar."),
    _offer("caio", "painting", 150, "Na sua casa", "Uma parede por tarde", "Tenho escada, rolo e bom humor. A tinta é sua, a escolha da cor a gente discute."),
    _offer("vera", "elders", 60, "Na sua casa", "Leitura em voz alta", "Romance, jornal ou bula. Voz clara e óculos novos."),
    _offer("mateus", "school", 60, "Biblioteca ou online", "Matemática do 6º ano ao vestibular", "Explico de três jeitos até um servir."),
    _offer("hannah", "repairs", 60, "Your yard or my balcony", "Wheels trued, brakes that brake", "Bring the bicycle and stay: you will do half of it yourself."),
    _offer("rosangela", "cleaning", 90, "Na sua casa", "Mancha que não sai? Sai", "Ensino produto por produto, com o que você já tem em casa."),
    _offer("igor", "plumbing", 60, "Your place", "If it leaks, hums or should not be hot", "Marine engineer. I have fixed worse, at sea, at night."),
    _offer("simone", "rides", 60, "Escolas do bairro", "Escola, ida e volta, às quartas", "Duas cadeirinhas no carro e paciência de enfermeira."),
    _offer("nelson", "gardening", 90, "No seu quintal", "Poda de fruteira na época certa", "Jabuticaba, limão, acerola. Levo a tesoura e a escada."),
    _offer("juliana", "paperwork", 60, "Online", "Treino de entrevista de emprego", "Eu sou a recrutadora chata; você sai pronto para a simpática."),
    _offer("thomas", "languages", 60, "My living room", "German for beginners", "Der, die, das and why it does not matter at first."),
    _offer("edna", "pets", 30, "Na sua casa", "Cuido do seu gato como se fosse meu", "Três gatos me ensinaram tudo."),
    _offer("gustavo", "moving", 90, "No bairro", "Geladeira, piano, sofá", "Bombeiro civil de folga. Cinta, carrinho e cuidado com a coluna."),
    _offer("aline", "wellbeing", 60, "Na minha casa", "Corte e escova com conversa", "A conversa também é tratamento."),
    _offer("chen", "cooking-lessons", 90, "Behind the grocery, after eight", "Dumplings for grown-ups", "Forty each, and you carry half of them home frozen."),
    _offer("regina", "paperwork", 90, "INSS, CRAS ou cartório", "Vou com você à repartição", "Sei qual fila é qual e levo o papel que falta."),
    _offer("lucas", "photos", 60, "No bairro ou online", "Fotos antigas no computador", "Digitalizo, nomeio e devolvo a caixa em ordem."),
    _offer("samuel", "moving", 120, "Town and around", "Van with a careful driver", "Sofas, pianos, grandmothers: all arrive in one piece."),
    _offer("bruna", "pets", 60, "Na praça", "Primeiras aulas do seu cachorro", "Senta, fica e não puxa a guia. Petisco e paciência."),
    _offer("arlindo", "repairs", 120, "Na minha oficina", "Cadeira de palhinha restaurada", "Uma cadeira de cada vez. Você me ajuda a esticar."),
    _offer("emily", "paperwork", 60, "By e-mail", "I will find the comma that bothers you", "Letters, applications, chapters. English only."),
    _offer("vitoria", "languages", 60, "Na biblioteca", "Ler e escrever, para adultos", "Sem pressa e sem vergonha. Começa pelo seu nome."),
    _offer("paulo", "gardening", 60, "No seu quintal", "Qual árvore cabe na minha calçada?", "Vinte e cinco anos de praça. Vou, olho, meço a calçada e digo."),
    _offer("amina", "sewing", 90, "Na minha casa", "Roupa sob medida com tecido africano", "Saia, bata ou turbante. O tecido você escolhe comigo."),
    _request("dora", "rides", 60, "Da Vila à escola municipal", "Carona para contar histórias na escola", "Toda primeira sexta do mês. Falo o caminho inteiro, aviso logo."),
    _request("kathleen", "gardening", 60, "Small back yard", "What grows here in winter?", "New to the Vila, not to jam. Show me what to plant in June."),
    _request("jonas", "computers", 60, "Biblioteca", "Primeiro currículo no computador", "Cheguei de Recife no mês passado e só tenho celular."),
    _request("regina", "repairs", 45, "Na minha casa", "Porta que arrasta no chão", "Desde a chuva. Abre com o ombro, fecha com o pé.", "paused"),
    _request("marcelo", "children", None, "Na nossa casa", "Uma mão com o bebê às terças", "Para eu tomar banho inteiro. Combinamos a hora no dia.", "draft"),
    _offer("silvana", "baking", 90, "Na minha cozinha", "Brigadeiro gourmet, cem unidades", "Encomenda para festa pequena.", "closed"),
)
# fmt: on
