"""What neighbours thank each other for, in the words of whoever writes."""

from __future__ import annotations

from .people import EN, PT

# topic: (usual minutes, what a Portuguese speaker writes, what an English speaker writes)
TOPICS: dict[str, tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]] = {
    "english": ((60, 60, 45, 90), ("Aula de inglês de quinta", "Conversação em inglês na varanda", "Ajuda com a carta em inglês"), ("Proofreading my application", "English hour for my boys")),
    "portuguese": ((60, 60, 90), ("Aula de leitura", "Redação do Enem, segunda correção"), ("Portuguese lesson: the subjunctive, again", "Portuguese lesson and very good coffee")),
    "spanish": ((60, 60), ("Aula de espanhol", "Espanhol para a viagem"), ("Spanish over mate",)),
    "french": ((60, 60), ("Aula de francês cantada", "Francês na cozinha"), ("French songs with the children",)),
    "german": ((60,), ("Primeira aula de alemão",), ("German for beginners",)),
    "chinese": ((60, 45), ("Aula de mandarim",), ("Mandarin lesson",)),
    "guitar": ((60, 45, 60), ("Aula de violão", "Violão na festa da rua", "Afinou meu violão e ainda tocou"), ("Guitar lesson, my fingers hurt", "Music at the street party")),
    "computer": ((60, 45, 90, 30), ("Meu computador voltou a andar", "Instalou a impressora", "Passou as fotos para o HD novo"), ("Rescued my laptop", "Printer talks to the computer again")),
    "phone": ((30, 45, 60), ("Aprendi a fazer videochamada", "Arrumou meu celular", "Agora sei mandar foto para os netos"), ("Set up my new phone", "Moved my contacts over")),
    "cake": ((60, 90, 120, 60), ("Bolo de fubá para a reunião", "Bolo de aniversário", "Pães de queijo para a festa", "Doces da festa junina"), ("Orange cake for the library fair", "Birthday cake for my sister", "The best corn bread I ever had")),
    "cooking": ((90, 120, 60), ("Aula de cozinha: feijoada", "Almoço para três dias", "Marmitas da semana"), ("Cooking lesson, I can make moqueca now", "Soup while I had the flu")),
    "sewing": ((30, 45, 60, 90), ("Barra das calças", "Conserto do casaco", "Fantasia da escola", "Cortina da sala"), ("Took up three pairs of trousers", "Mended my favourite coat", "Costume for the school play")),
    "knitting": ((60, 45), ("Aula de tricô", "Cachecol para o inverno"), ("Knitting circle", "Finished my first sock")),
    "garden": ((60, 90, 120, 60), ("Poda da jabuticabeira", "Mutirão na horta", "Montou minha composteira", "Mudas e conselhos"), ("Pruned the lemon tree", "Planted the whole back yard", "Seedlings and good advice")),
    "plants": ((30, 30, 45), ("Regou as plantas na viagem", "Cuidou da horta no feriado"), ("Watered the ferns while we were away",)),
    "drive": ((45, 60, 90, 30), ("Carona até o posto de saúde", "Levou minha mãe ao exame", "Busca na rodoviária", "Escola, ida e volta"), ("Lift to the eye clinic", "Picked up my sister at the bus station", "School run on Wednesday")),
    "shopping": ((45, 60, 30), ("Compras do mês", "Trouxe os remédios da farmácia", "Feira de domingo"), ("Groceries up three floors", "Fetched my prescription")),
    "company": ((60, 90, 120, 150), ("Companhia no hospital", "Tarde de dominó", "Conversa e café", "Ficou com meu pai no sábado"), ("Sat with me at the hospital", "Company on a long afternoon")),
    "reading": ((45, 60, 30), ("Leitura em voz alta", "Leu a papelada do cartório", "Histórias na praça"), ("Story time at the square", "Read my letters to me")),
    "childcare": ((120, 90, 150, 60), ("Ficou com as crianças na reunião", "Buscou as crianças na escola", "Noite livre, enfim"), ("Watched the children while I worked", "Babysitting on Friday")),
    "dog": ((30, 45, 60), ("Passeio com o cachorro", "Passeou com a Pipoca a semana toda"), ("Walked our dog every morning", "Dog walking")),
    "cat": ((30, 30), ("Cuidou dos gatos no fim de semana",), ("Fed the cat while I was away",)),
    "moving": ((120, 150, 90), ("Ajuda na mudança", "Carregou o sofá até o terceiro andar", "Levou o armário"), ("Helped me move house", "Carried the fridge. Hero")),
    "painting": ((150, 120, 90), ("Pintura do quarto", "Pintou o portão"), ("Painted the hallway", "Second coat on the kitchen")),
    "electrics": ((45, 60, 30), ("Trocou o chuveiro", "Consertou a tomada da cozinha", "Luz nova no corredor"), ("New light in the hall", "The shower is warm again")),
    "plumbing": ((45, 60, 90), ("Torneira sem pingar", "Desentupiu a pia"), ("Stopped the leak under the sink", "Fixed the tap")),
    "carpentry": ((60, 90, 120), ("Consertou a porta", "Prateleira nova", "Cadeira de palhinha restaurada"), ("The drawer opens again", "Shelf for my books")),
    "bike": ((30, 45, 60), ("Revisão da bicicleta", "Trocou o pneu", "Freio novo"), ("Trued my back wheel", "Bike check before the trip")),
    "haircut": ((30, 45, 60), ("Corte de cabelo em casa", "Barba e cabelo do meu pai"), ("Haircut at home", "Haircut for both boys")),
    "massage": ((30, 45, 60), ("Massagem nas costas", "Meu ombro voltou ao lugar"), ("Half an hour for my shoulders",)),
    "yoga": ((60, 60), ("Ioga na praça", "Aula de ioga"), ("Yoga on Tuesday",)),
    "maths": ((60, 90, 60), ("Reforço de matemática", "Equação do segundo grau, entendi!"), ("Maths homework with my son", "Fractions, at last")),
    "cv": ((60, 45), ("Currículo novo", "Treino de entrevista"), ("My CV, in good order", "Interview practice")),
    "photos": ((60, 90, 45), ("Fotos do aniversário", "Digitalizou as fotos da minha mãe", "Foto 3×4 e risadas"), ("Portraits of the whole family", "Photos of the market")),
    "translation": ((60, 45, 30), ("Traduziu o contrato", "Tradução da certidão"), ("Translated my rental contract", "Came along to the registry office")),
    "taxes": ((60, 90), ("Imposto de renda", "Abriu meu MEI comigo"), ("Sorted out my tax papers",)),
    "cleaning": ((90, 120), ("Limpeza depois da obra", "Mutirão de limpeza do salão"), ("Cleaned up after the party",)),
}  # fmt: skip

GIFTS = {
    PT: ("Feliz aniversário!", "Para você descansar um pouco", "Boas-vindas à rua", "Pelo sorriso de todo dia", "Para o mutirão da sua casa", "Porque você nunca pede"),
    EN: ("Happy birthday!", "For your knees, from all of us on the stairs", "Welcome to the street", "Because you never ask"),
}  # fmt: skip

WARM_ENDINGS = {
    PT: ("Valeu!", "Que alívio.", "Ficou ótimo.", "Salvou meu dia.", "Até a próxima!", "Muita gratidão."),
    EN: ("Thank you!", "What a relief.", "It looks wonderful.", "You saved my day.", "Until next time!"),
}

# topic: the code of the kind of help
CATEGORIES = {
    "english": "languages", "portuguese": "languages", "spanish": "languages", "french": "languages",
    "german": "languages", "chinese": "languages", "guitar": "music", "computer": "computers", "phone": "phones",
    "cake": "baking", "cooking": "cooking-lessons", "sewing": "sewing", "knitting": "crafts", "garden": "gardening",
    "plants": "gardening", "drive": "rides", "shopping": "shopping", "company": "company", "reading": "company",
    "childcare": "children", "dog": "pets", "cat": "pets", "moving": "moving", "painting": "painting",
    "electrics": "electrical", "plumbing": "plumbing", "carpentry": "repairs", "bike": "repairs",
    "haircut": "wellbeing", "massage": "wellbeing", "yoga": "wellbeing", "maths": "school", "cv": "paperwork",
    "photos": "photos", "translation": "paperwork", "taxes": "paperwork", "cleaning": "cleaning",
}  # fmt: skip
