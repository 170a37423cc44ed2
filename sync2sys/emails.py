"""E-mail addresses in one canonical form."""

import re

import idna

MAX_LENGTH = 254
#: RFC 5322 dot-atom text, and any letter beyond ASCII (RFC 6531).
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00a1-\U0010ffff]{1,64}")


def canonical_email(text: str) -> str:
    """The address as accounts know it: lower case throughout, the domain in its IDNA form.

    Mailboxes that differ by case alone are one account here. Raises ValueError with a sentence.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"An e-mail address has at most {MAX_LENGTH} characters.")
    local, at, domain = text.strip().partition("@")
    if not at or "@" in domain or not LOCAL.fullmatch(local) or not local.isprintable():
        raise ValueError("This is not an e-mail address.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("This is not an e-mail address.")
    try:
        host = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("The part behind the @ is not a domain.") from None
    if "." not in host or host.startswith("["):
        raise ValueError("The part behind the @ is not a domain.")
    canonical = f"{local.lower()}@{host.lower()}"
    if len(canonical) > MAX_LENGTH:
        raise ValueError(f"An e-mail address has at most {MAX_LENGTH} characters.")
    return canonical
