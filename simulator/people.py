"""Made-up buyers and product titles, ASCII and not."""

from __future__ import annotations

from simulator.orders import Person

TITLES = {
    "en": ('Brake Pad Set "Front" 12 mm', "Oil Filter – Café Edition", "Wiper Blade 24in"),  # noqa: RUF001 -- in Cp1252, not in Latin-1
    "de": ("Bremsbelagsatz für Vorderräder", "Ölfilter groß", "Wischblätter (Stück)"),
    "fr": ("Plaquettes de frein avant – été", "Filtre à huile", "Balais d’essuie-glace"),  # noqa: RUF001 -- in Cp1252, not in Latin-1
    "ja": ("ブレーキパッド 前輪用", "オイルフィルター", "ワイパーブレード 60cm"),
}
"""Product titles by language; a bare quotation mark is legal in the report."""

_PLACES = {
    "US": ("PORTLAND", "OR", "97201-0001"),
    "CA": ("MONTRÉAL", "QC", "H2X 1Y4"),
    "DE": ("Köln", "", "50667"),
    "GB": ("LEEDS", "West Yorkshire", "LS1 4AP"),
    "FR": ("Orléans", "", "45000"),
    "JP": ("千代田区", "東京都", "100-0001"),
}
_WORDS = {
    "DE": ("Käufer", "Empfänger Müßig", "Musterstraße"),
    "JP": ("購入者", "受取人", "見本町"),
    "FR": ("Acheteur", "Destinataire Étienne", "Rue de l’Exemple"),  # noqa: RUF001 -- in Cp1252, not in Latin-1
    "CA": ("Buyer", "Recipient Élodie", "Rue Modèle"),
}


def made_up_person(number: int, country: str, *, business: bool = False) -> Person:
    """Make the buyer and recipient of order ``number``; buyer and recipient differ now and then."""
    buyer, recipient, street = _WORDS.get(country, ("Buyer", "Recipient", "Example Street"))
    city, state, postal_code = _PLACES.get(country, ("EXAMPLETOWN", "", "00001"))
    return Person(
        name=f"{buyer} {number}",
        email=f"buyer-{number}@example.invalid",
        phone=f"+00 555 {number:07d}",
        recipient=f"{recipient} {number}" if number % 3 == 0 else f"{buyer} {number}",
        address_line_1=f"{street} {number % 200 + 1}",
        address_line_2=f"Unit {number % 9}" if number % 4 == 0 else "",
        address_line_3="Rear building" if number % 16 == 0 else "",
        city=city,
        state=state,
        postal_code=postal_code,
        country=country,
        company=f"Example Company {number}" if business else "",
    )
