"""Short names of the software that fetches feeds, by how it calls itself. Anybody can call himself so."""

#: Words that stand in a User-Agent, small, and whose they are. The first that is found counts.
KNOWN = (
    ("googlebot", "Googlebot"),
    ("storebot-google", "Google Storebot"),
    ("adsbot-google", "Google AdsBot"),
    ("google", "Google"),
    ("facebookexternalhit", "Meta"),
    ("facebookcatalog", "Meta"),
    ("meta-external", "Meta"),
    ("pinterest", "Pinterest"),
    ("bingbot", "Bing"),
    ("adidxbot", "Bing"),
    ("bingpreview", "Bing"),
    ("tiktok", "TikTok"),
    ("bytespider", "TikTok"),
    ("snapchat", "Snapchat"),
    ("criteo", "Criteo"),
    ("amazonbot", "Amazon"),
    ("applebot", "Apple"),
    ("gptbot", "OpenAI"),
    ("oai-searchbot", "OpenAI"),
    ("chatgpt-user", "OpenAI"),
    ("yandex", "Yandex"),
    ("seznam", "Seznam"),
    ("heureka", "Heureka"),
    ("idealo", "idealo"),
    ("klarna", "Klarna"),
    ("pricerunner", "PriceRunner"),
    ("kelkoo", "Kelkoo"),
    ("skroutz", "Skroutz"),
    ("prisjakt", "Prisjakt"),
    ("ceneo", "Ceneo"),
    ("curl/", "curl"),
    ("wget/", "Wget"),
    ("python-", "Python"),
    ("aiohttp", "Python"),
    ("go-http-client", "Go"),
    ("guzzlehttp", "PHP"),
    ("wordpress", "WordPress"),
    ("okhttp", "Java"),
    ("java/", "Java"),
    ("mozilla/", "Browser"),
)


def name_of(agent: str) -> str:
    """The short name for a User-Agent, or an empty one."""
    small = agent.lower()
    return next((name for word, name in KNOWN if word in small), "")
