"""How many decimals currencies have."""

#: Digits after the point where they are not two. Source: ISO 4217, list one (minor units).
MINOR_UNITS = {
    code: digits
    for digits, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}


def digits_of(currency: str) -> int:
    """Digits after the point; two for a currency that nobody knows."""
    return MINOR_UNITS.get(currency, 2)
