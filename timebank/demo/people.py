"""The people of Vila Esperança, all invented: who they are, what they say of themselves, what they help with."""

from __future__ import annotations

from dataclasses import dataclass

PT, EN = "pt-br", "en"
DOMAIN = "vila.example"  # nobody can ever receive mail there (RFC 2606)


@dataclass(frozen=True)
class Person:
    """``helps_with`` names topics of payments.py; ``days_here`` is how long ago she joined."""

    handle: str
    name: str
    language: str
    days_here: int
    helps_with: tuple[str, ...]
    about: str

    @property
    def email(self) -> str:
        return f"{self.handle}@{DOMAIN}"


def _person(handle: str, name: str, language: str, days_here: int, helps_with: str, about: str) -> Person:
    return Person(handle, name, language, days_here, tuple(helps_with.split()), about)


# fmt: off
PEOPLE = (
    _person("ana", "Ana Beatriz Ribeiro", PT, 96, "english guitar computer", "Professora de inglês e mãe do Tomé, de 4 anos. Dou aulas de conversação e toco violão nas festas da rua. Preciso sempre de uma mão com costura e com a horta."),
    _person("margaret", "Margaret Doyle", EN, 94, "english knitting company reading", "Retired nurse from Cork, here since 1998. Happy to sit with you at the clinic, to knit, and to talk English over tea. My knees no longer like ladders."),
    _person("lourdes", "Lourdes Teixeira", PT, 98, "cake shopping company", "Moro na Rua das Acácias há 40 anos e conheço todo mundo. Cuido das boas-vindas do nosso banco de horas. Pode me ligar à tarde."),
    _person("daniel", "Daniel Okafor", EN, 92, "maths cv computer", "Statistics teacher from Lagos, three years in the Vila. I help when two neighbours see a thing differently, and with maths homework."),
    _person("cida", "Aparecida Moura (Cida)", PT, 97, "cake cooking sewing", "Boleira aposentada, 68 anos. Bolo de fubá, de laranja e de aniversário. Também ensino a fazer pão de queijo."),
    _person("joao", "João Batista Pereira", PT, 95, "electrics plumbing carpentry", "Eletricista, 54 anos, 30 de profissão. Troco chuveiro, tomada, torneira. Só não subo mais em poste."),
    _person("yuki", "Yuki Tanabe", PT, 93, "garden plants cooking", "Neta de agricultores de Mogi. Cuido da horta comunitária aos sábados e ensino a fazer composto no balde."),
    _person("rafael", "Rafael Nogueira", PT, 91, "bike moving painting", "Estudo educação física e conserto bicicletas na garagem. Força para mudança não falta."),
    _person("fatima", "Fátima El-Khoury", PT, 90, "cooking sewing portuguese", "Vim do Líbano em 2007. Faço esfiha para a rua inteira e costuro barra de calça enquanto conversamos."),
    _person("tomasz", "Tomasz Zieliński", EN, 88, "carpentry bike electrics", "Cabinet maker. I fix drawers, doors and anything that squeaks. Learning Portuguese slowly; please correct me."),
    _person("beatriz", "Beatriz Albuquerque", PT, 89, "yoga childcare", "Professora de ioga, 37. Aula na praça às terças, 7 h. Fico com crianças no fim da tarde."),
    _person("seu-ze", "José Raimundo da Silva (Seu Zé)", PT, 96, "garden plants company", "Tenho 76 anos e quatro canteiros de couve. Rego planta de quem viaja e jogo dominó com quem fica."),
    _person("camila", "Camila Fontes", PT, 86, "photos computer cv", "Fotógrafa. Retratos, documentos, festa de criança. Também arrumo o currículo de quem procura trabalho."),
    _person("henrique", "Henrique Vasconcelos", PT, 84, "drive shopping", "Motorista de aplicativo de manhã, vizinho à tarde. Levo ao posto de saúde e trago as compras do mês."),
    _person("grace", "Grace Whitfield", EN, 85, "childcare english reading", "Mother of twins and part-time librarian. I read stories in two languages at the square on Sundays."),
    _person("neide", "Neide Carvalho", PT, 95, "sewing knitting", "Costureira de noivas aposentada, 71 anos. Ajusto, remendo e ensino ponto por ponto."),
    _person("wellington", "Wellington Santos", PT, 82, "haircut", "Barbeiro. Corto cabelo em casa de quem não pode sair. Às segundas a cadeira é do banco de horas."),
    _person("mariana", "Mariana Prado", PT, 80, "dog cat plants", "Veterinária recém-formada, 26. Passeio com cachorro, visito gato, rego samambaia."),
    _person("ines", "Inês Figueiredo", PT, 83, "translation portuguese reading", "Tradutora, portuguesa do Porto. Leio cartas de repartição e explico o que querem dizer."),
    _person("otavio", "Otávio Lacerda", PT, 78, "taxes cv maths", "Contador aposentado, 66. Declaração de imposto, MEI e papelada em geral, com paciência."),
    _person("priya", "Priya Raman", EN, 76, "computer cooking maths", "Software engineer working from home. I clean up slow laptops and cook dosas for anyone who asks."),
    _person("luana", "Luana Machado", PT, 79, "childcare cake", "Mãe do Ravi e da Flora. Reveze comigo: hoje fico com os seus, amanhã você fica com os meus."),
    _person("benedito", "Benedito Faria", PT, 92, "guitar company", "Violeiro de 73 anos. Ensino moda de viola e acompanho quem precisa de companhia no hospital."),
    _person("sofia", "Sofía Giménez", EN, 74, "spanish yoga translation", "From Rosario. I teach Spanish over mate and translate between four languages, two of them well."),
    _person("davi", "Davi Monteiro", PT, 72, "phone computer", "19 anos. Ensino a mexer no celular sem pressa: foto para os netos, Pix, videochamada."),
    _person("terezinha", "Terezinha Lopes", PT, 94, "cooking company cake", "Oitenta e um anos e a cozinha sempre acesa. Ensino feijoada. Preciso de quem leia as letras miúdas."),
    _person("ahmed", "Ahmed Siddiqui", EN, 70, "haircut drive", "Barber in Lahore, driver here. I cut beards properly and know every short cut to the hospital."),
    _person("patricia", "Patrícia Guimarães", PT, 77, "massage yoga", "Fisioterapeuta. Massagem nos ombros de quem carrega o mundo, meia hora por vez."),
    _person("caio", "Caio Bittencourt", PT, 68, "painting moving", "Pinto parede e, quando deixam, mural. Tenho escada, rolo e bom humor."),
    _person("vera", "Vera Lúcia Antunes", PT, 88, "knitting reading shopping", "Bibliotecária aposentada. Leio em voz alta para quem não enxerga bem, romance ou bula."),
    _person("mateus", "Mateus Aragão", PT, 66, "maths english computer", "Faço engenharia e dou reforço de matemática do 6º ano ao vestibular."),
    _person("hannah", "Hannah Lindqvist", EN, 64, "bike garden photos", "Swedish, cycling everywhere. I true wheels, plant tomatoes and photograph both."),
    _person("rosangela", "Rosângela Duarte", PT, 81, "cleaning cooking", "Diarista. Ensino a tirar mancha de tudo. No banco de horas troco por aula de leitura para minha neta."),
    _person("igor", "Igor Petrenko", EN, 62, "plumbing electrics", "Marine engineer from Odesa. If it leaks, hums or should not be hot, call me."),
    _person("simone", "Simone Paiva", PT, 75, "drive childcare", "Enfermeira de plantão, folgo às quartas. Levo e busco na escola com cadeirinha no carro."),
    _person("nelson", "Nelson Kobayashi", PT, 87, "garden carpentry", "Bonsai, poda e pequenos consertos. 63 anos, mão firme."),
    _person("juliana", "Juliana Cordeiro", PT, 60, "cv translation photos", "Trabalho com RH. Treino entrevista de emprego e conto o que o recrutador pensa e não diz."),
    _person("thomas", "Thomas Brandt", EN, 58, "guitar german", "Half of a retired duo from Hamburg. German for beginners, guitar for the patient."),
    _person("edna", "Edna Siqueira", PT, 90, "sewing cake plants", "Viúva, 70, três gatos. Faço fuxico e colcha de retalhos e cuido de gato alheio como se fosse meu."),
    _person("gustavo", "Gustavo Peixoto", PT, 56, "moving dog bike", "Bombeiro civil. Nas folgas carrego geladeira e passeio com cachorro grande."),
    _person("aline", "Aline Barreto", PT, 73, "haircut massage", "Cabeleireira. Corte, escova e meia hora de conversa, que também é tratamento."),
    _person("chen", "Chen Wei", EN, 54, "cooking chinese maths", "I run the corner grocery with my father. Mandarin for children, dumplings for grown-ups."),
    _person("regina", "Regina Célia Matos", PT, 85, "taxes reading company", "Assistente social aposentada. Sei qual fila é qual: INSS, CRAS, cartório. Vou junto."),
    _person("lucas", "Lucas Evangelista", PT, 52, "phone photos guitar", "22 anos, estudo cinema. Edito vídeo de família e digitalizo foto antiga."),
    _person("marlene", "Marlene Queiroz", PT, 89, "shopping cleaning", "Feirante aos domingos. Escolho fruta como ninguém e levo a sacola até a sua porta."),
    _person("samuel", "Samuel Adeyemi", EN, 50, "drive moving", "Van owner, careful driver. Sofas, pianos, grandmothers: all arrive in one piece."),
    _person("bruna", "Bruna Salles", PT, 48, "dog childcare yoga", "Adestro cachorro com petisco e paciência. Também fico com criança, pelo mesmo método."),
    _person("arlindo", "Arlindo Coutinho", PT, 91, "carpentry painting", "Marceneiro, 69 anos. Restauro cadeira de palhinha e porta que não fecha."),
    _person("emily", "Emily Carter", EN, 46, "english cv reading", "Editor for a small press. I will find the comma that has been bothering you."),
    _person("vitoria", "Vitória Regina Campos", PT, 44, "maths portuguese", "Futura professora. Alfabetizo adultos, sem pressa e sem vergonha."),
    _person("paulo", "Paulo Roberto Meireles", PT, 69, "plumbing garden", "Jardineiro da prefeitura por 25 anos. Conheço cada árvore da praça pelo nome."),
    _person("amina", "Amina Diallo", PT, 42, "sewing cooking french", "De Dacar, cinco anos no Brasil. Costuro roupa africana e ensino francês para quem gosta de cantar."),
    _person("leandro", "Leandro Assunção", PT, 40, "electrics phone", "Técnico de som. Instalo antena, luz da festa e caixa de som sem chiado."),
    _person("dora", "Doralice Brandão (Dora)", PT, 86, "reading company knitting", "Tenho 84 anos e memória de elefante. Conto a história da Vila para escolas; preciso de carona."),
    _person("felipe", "Felipe Antônio Rangel", PT, 35, "bike computer", "Entregador e estudante. Troco câmara de pneu em seis minutos, cronometrados."),
    _person("kathleen", "Kathleen O'Brien", EN, 32, "garden cake", "New to the Vila, not to jam making. Looking for people who know what grows here in winter."),
    _person("marcelo", "Marcelo Tavares", PT, 28, "taxes computer", "Analista de sistemas em licença-paternidade. Planilhas e fraldas."),
    _person("raquel", "Raquel Steinberg", PT, 24, "massage translation", "Psicóloga, 45 anos. Escuto, traduzo do hebraico e faço um chá muito bom."),
    _person("jonas", "Jonas Pimentel", PT, 18, "moving dog", "Cheguei de Recife no mês passado. Tenho 24 anos, dois braços e tempo livre."),
    _person("olivia", "Olivia Bennett", EN, 11, "english photos", "Exchange student until next July. I can teach you to juggle, and English if you insist."),
    _person("silvana", "Silvana Rezende", PT, 4, "cake sewing", "Acabei de chegar à rua de cima. Faço doces de festa e estou conhecendo os vizinhos."),
)

# They wait for a coordinator to say yes.
APPLICANTS = (
    _person("nadia", "Nádia Cavalcanti", PT, 3, "", "Moro atrás da escola com meu pai, de 88 anos. Ajudo com idosos e preciso de horas livres."),
    _person("peter", "Peter Novák", EN, 1, "", "Just moved in above the bakery. Piano tuner."),
)
# fmt: on
