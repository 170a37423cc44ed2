"""Who asks and who answers: fields of the shop, of the app and of its installation."""

from zoneinfo import ZoneInfo

from tests.shops.shopify.fields import field
from tests.shops.shopify.gids import gid

PLANS = {"standard": "Basic", "advanced": "Advanced", "plus": "Plus", "enterprise": "Enterprise"}


@field("QueryRoot.shop")
def shop(root, context):
    it, now = context.shop, context.shop.clock.now().astimezone(ZoneInfo(context.shop.timezone))
    minutes = int(now.utcoffset().total_seconds() // 60)
    return {
        "__typename": "Shop",
        "id": gid("Shop", it.number),
        "name": it.name,
        "email": it.email,
        "contactEmail": it.email,
        "description": None,
        "shopOwnerName": "The owner",
        "myshopifyDomain": it.domain,
        "url": it.url,
        "primaryDomain": {
            "__typename": "Domain",
            "id": gid("Domain", it.number),
            "host": it.host,
            "url": it.url,
            "sslEnabled": True,
        },
        "currencyCode": it.currency,
        "enabledPresentmentCurrencies": it.presentment_currencies,
        "weightUnit": it.weight_unit,
        "unitSystem": "METRIC_SYSTEM" if "GRAM" in it.weight_unit else "IMPERIAL_SYSTEM",
        "taxesIncluded": it.taxes_included,
        "taxShipping": False,
        "setupRequired": False,
        "ianaTimezone": it.timezone,
        "timezoneAbbreviation": now.tzname(),
        "timezoneOffset": now.strftime("%z"),
        "timezoneOffsetMinutes": minutes,
        "plan": {
            "publicDisplayName": PLANS[it.plan],
            "displayName": PLANS[it.plan],
            "shopifyPlus": it.plan in ("plus", "enterprise"),
            "partnerDevelopment": False,
        },
        "billingAddress": it.address,
        "shopAddress": it.address,
        "createdAt": it.opened,
        "updatedAt": it.opened,
    }


@field("QueryRoot.currentAppInstallation")
def current_app_installation(root, context):
    installation = context.app
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", installation.number),
        "accessScopes": _scopes(installation.scopes),
        "app": app(context),
        "launchUrl": f"https://{context.shop.domain}/admin/apps/{installation.app.client_id}",
        "uninstallUrl": None,
    }


def app(context):
    it = context.app.app
    return {
        "__typename": "App",
        "id": gid("App", it.number),
        "apiKey": it.client_id,
        "title": it.title,
        "handle": it.title.lower().replace(" ", "-"),
        "embedded": False,
        "requestedAccessScopes": _scopes(it.scopes),
    }


def _scopes(scopes):
    return [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(scopes)]


@field("QueryRoot.publicApiVersions")
def public_api_versions(root, context):
    return [api_version(each, context.shop.platform) for each in context.shop.platform.versions]


def api_version(handle, platform):
    latest = [each for each in platform.versions if each != "unstable"][-1]
    shown = f"{handle} (Latest)" if handle == latest else handle
    return {"handle": handle, "displayName": shown, "supported": handle != "unstable"}


@field("Mutation.appUninstall")
def app_uninstall(root, context):
    installed = app(context)
    context.shop.uninstall(context.app.app)
    return {"app": installed, "userErrors": []}
