"""Countries, their currencies, and languages.

Source: ISO 3166-1 alpha-2, ISO 4217 (list one) and ISO 639-1, as of 2026.
"""

_CURRENCIES = {
    "AED": "AE", "AFN": "AF", "ALL": "AL", "AMD": "AM", "AOA": "AO", "ARS": "AR", "AWG": "AW", "AZN": "AZ",
    "AUD": "AU CC CX HM KI NF NR TV", "BAM": "BA", "BBD": "BB", "BDT": "BD", "BHD": "BH", "BIF": "BI",
    "BMD": "BM", "BND": "BN", "BOB": "BO", "BRL": "BR", "BSD": "BS", "BTN": "BT", "BWP": "BW", "BYN": "BY",
    "BZD": "BZ", "CAD": "CA", "CDF": "CD", "CHF": "CH LI", "CLP": "CL", "CNY": "CN", "COP": "CO", "CRC": "CR",
    "CUP": "CU", "CVE": "CV", "CZK": "CZ", "DJF": "DJ", "DKK": "DK FO GL", "DOP": "DO", "DZD": "DZ",
    "EGP": "EG", "ERN": "ER", "ETB": "ET", "FJD": "FJ", "FKP": "FK", "GBP": "GB GG GS IM JE", "GEL": "GE",
    "EUR": "AD AT AX BE BG BL CY DE EE ES FI FR GF GP GR HR IE IT LT LU LV MC ME MF MQ MT NL PM PT RE SI SK "
    "SM TF VA YT",
    "GHS": "GH", "GIP": "GI", "GMD": "GM", "GNF": "GN", "GTQ": "GT", "GYD": "GY", "HKD": "HK", "HNL": "HN",
    "HTG": "HT", "HUF": "HU", "IDR": "ID", "ILS": "IL PS", "INR": "IN", "IQD": "IQ", "IRR": "IR", "ISK": "IS",
    "JMD": "JM", "JOD": "JO", "JPY": "JP", "KES": "KE", "KGS": "KG", "KHR": "KH", "KMF": "KM", "KPW": "KP",
    "KRW": "KR", "KWD": "KW", "KYD": "KY", "KZT": "KZ", "LAK": "LA", "LBP": "LB", "LKR": "LK", "LRD": "LR",
    "LSL": "LS", "LYD": "LY", "MAD": "EH MA", "MDL": "MD", "MGA": "MG", "MKD": "MK", "MMK": "MM", "MNT": "MN",
    "MOP": "MO", "MRU": "MR", "MUR": "MU", "MVR": "MV", "MWK": "MW", "MXN": "MX", "MYR": "MY", "MZN": "MZ",
    "NAD": "NA", "NGN": "NG", "NIO": "NI", "NOK": "BV NO SJ", "NPR": "NP", "NZD": "CK NU NZ PN TK",
    "OMR": "OM", "PAB": "PA", "PEN": "PE", "PGK": "PG", "PHP": "PH", "PKR": "PK", "PLN": "PL", "PYG": "PY",
    "QAR": "QA", "RON": "RO", "RSD": "RS", "RUB": "RU", "RWF": "RW", "SAR": "SA", "SBD": "SB", "SCR": "SC",
    "SDG": "SD", "SEK": "SE", "SGD": "SG", "SHP": "SH", "SLE": "SL", "SOS": "SO", "SRD": "SR", "SSP": "SS",
    "STN": "ST", "SYP": "SY", "SZL": "SZ", "THB": "TH", "TJS": "TJ", "TMT": "TM", "TND": "TN", "TOP": "TO",
    "TRY": "TR", "TTD": "TT", "TWD": "TW", "TZS": "TZ", "UAH": "UA", "UGX": "UG", "UYU": "UY", "UZS": "UZ",
    "USD": "AS BQ EC FM GU IO MH MP PR PW SV TC TL UM US VG VI", "VES": "VE", "VND": "VN", "VUV": "VU",
    "WST": "WS", "XAF": "CF CG CM GA GQ TD", "XCD": "AG AI DM GD KN LC MS VC", "XCG": "CW SX",
    "XOF": "BF BJ CI GW ML NE SN TG", "XPF": "NC PF WF", "YER": "YE", "ZAR": "ZA", "ZMW": "ZM", "ZWG": "ZW",
}  # fmt: skip

#: country -> currency; empty where there is none
CURRENCY = {country: code for code, names in _CURRENCIES.items() for country in names.split()} | {"AQ": ""}

#: What people write -> what the standard has.
MISNAMED = {"UK": "GB", "EL": "GR"}

LANGUAGES = frozenset(
    str.split(
        "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv "
        "dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie "
        "ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv "
        "mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm "
        "rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts "
        "tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
    )
)

#: The European Union and, by the agreement on the European Economic Area, three more.
EEA = frozenset(
    str.split("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK")
)
