"""An initial account: an agency and the mailboxes of its clients. Invented, and the same every time."""

from zlib import crc32

from mxlib.sandbox.state import Account, Mailbox

FIRST = """
anna bram chloe daan elif fatima gijs hanna ines joris karin lars mila noor olivia pim quirine ruben sara tess
umit vera wout xander yara zoe aisha bas carlijn david emma floris greta hugo isa jesse kim lotte maud niels
otto petra rik saskia thijs ulla victor willem yusuf zara amir bente coen dewi erik femke guus hilde ivo jana
koen leila marco nadia oscar pien rosa sem tim una vince wendy yvonne abel britt cas dirk eva frank gerda hans
ilse jelle kaat luuk merel nina oona paul rens sofie tijn uma viggo wies youri zeno ada boaz fleur
""".split()  # noqa: SIM905 - a list of a hundred strings would be a page long
LAST = """
bakker visser smit meijer mulder bos vos peters hendriks dekker brouwer dijkstra kok koster prins huisman postma
kuipers veenstra kramer scholten willems hoekstra koning blom jonker schouten maas verbeek timmer wolters
jansen yilmaz kaya garcia rossi novak schmidt weber larsen nilsen dubois moreau silva costa kowalski nowak
horvat popescu ivanova demir aydin haddad nasser okafor mensah adeyemi chen nguyen tran singh patel sharma
khan ahmed ali hassan cohen levi berg lund holm dahl strand vik moen haugen solberg winter sommer lange krause
vogel richter keller baum stein wolf fuchs adler busch conti greco ferrari marino gallo romano lehto virtanen korhonen
""".split()  # noqa: SIM905
ROLES = ("info", "administratie", "sales", "support", "planning", "noreply")
CLIENTS = {"clienta.nl": 34, "clientb.nl": 17, "studio-noord.example": 9, "xn--caf-zwaluw-d7a.example": 6}
EMPTY = "nieuwe-klant.example"
BIG = "tienduizend.example"
QUOTAS = (1024, 1024, 1024, 2048, 2048, 5120, 10240, 0)
LIMITS = (9600, 9600, 9600, 9600, 2000, 500)
MB_OF_THE_PLAN = 256_000
#: Names of further clients: each trade with each name.
TRADES = ["bakkerij", "garage", "notaris", "tandarts", "makelaar", "kinderopvang", "fietsen", "tuincentrum"]
NAMES = ["holt", "brandsma", "lindeboom", "noord", "vaart", "zuidhoek"]
#: Storage of the plan for each further domain.
MB_OF_A_DOMAIN = 48_000


def believable_account(*, big: bool = False, domains: int = 0, max_mailboxes: int | None = None) -> Account:
    """Return clients' domains with people, functions and use; `big` adds a domain of 10,000 mailboxes.

    `domains` are further clients of usual size.
    """
    account = Account.of(*CLIENTS, EMPTY)
    account.max_mailboxes = max_mailboxes
    account.storage_mb = MB_OF_THE_PLAN
    for number, (domain, people) in enumerate(CLIENTS.items()):
        names = [*ROLES[: 2 + people // 8], *_people(people, number)]
        account.domains[domain] = {name: _mailbox(name, domain) for name in names}
    suspended = next(reversed(account.domains["clienta.nl"]))
    account.domains["clienta.nl"][suspended] = Mailbox(suspended, 1024, 1019.6, 500, 500, suspended=True)
    for number in range(domains):
        _add_client(account, number)
    if big:
        account.storage_mb = 0
        everyone = (f"{first}.{last}" for first in FIRST for last in LAST)
        account.domains[BIG] = {name: _mailbox(name, BIG) for name in everyone}
    return account


def _add_client(account: Account, number: int) -> None:
    """Add a further client with 12 to 36 mailboxes."""
    turn, at = divmod(number, len(TRADES) * len(NAMES))
    name = f"{TRADES[at // len(NAMES)]}-{NAMES[at % len(NAMES)]}{turn or ''}"
    domain = f"{name}.example"
    people = 8 + crc32(domain.encode()) % 25
    names = [*ROLES[: 2 + people // 8], *_people(people, number + len(CLIENTS))]
    account.domains[domain] = {user: _mailbox(user, domain) for user in names}
    account.storage_mb += MB_OF_A_DOMAIN


def _people(count: int, style: int) -> list[str]:
    """Return names of so many people, as one client writes them: `anna.bakker`, or `abakker`."""
    pairs = [(FIRST[(i * 7 + style * 13) % len(FIRST)], LAST[(i * 11 + style * 5) % len(LAST)]) for i in range(count)]
    return [f"{first[0]}{last}" if style % 2 else f"{first}.{last}" for first, last in pairs]


def _mailbox(name: str, domain: str) -> Mailbox:
    """Return a mailbox with some use: some are nearly full, most are not."""
    chance = crc32(f"{name}@{domain}".encode())
    quota = QUOTAS[chance % len(QUOTAS)]
    filled = (chance >> 8) % 1000 / 1000
    usage = round((quota or 20_000) * (filled if chance % 5 == 0 else filled * 0.4), 1)
    limit = LIMITS[(chance >> 3) % len(LIMITS)]
    sent = (chance >> 16) % (12 if chance % 9 else 180)
    return Mailbox(name, quota, usage, limit, sent)
