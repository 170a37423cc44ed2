"""A store plugin that follows the published API reference, and nothing but that."""


class Plugin:
    """What the WooCommerce plugin does, call by call, against a Flask test client."""

    def __init__(self, client, email="admin@yourstore.com", shop=None, url=None, key=None, secret=None):
        self.client = client
        self.email = email
        self.url = url or (shop.url if shop else "https://yourstore.com")
        self.key = key or (shop.key if shop else "ck_" + "0" * 40)
        self.secret = secret or (shop.secret if shop else "cs_" + "0" * 40)
        self.token = None
        self.channel_id = None

    def register(self):
        response = self.client.post(
            "/api/auth/register-from-plugin",
            json={"email": self.email, "storeUrl": self.url, "source": "woo-plugin"},
        )
        if response.status_code == 200:
            self.token = response.json["token"]
        return response

    def connect(self, bearer=None, **changes):
        body = {
            "storeUrl": self.url,
            "consumerKey": self.key,
            "consumerSecret": self.secret,
            "email": self.email,
            "platform": "woocommerce",
            "pluginVersion": "1.1.0",
        }
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        response = self.client.post("/api/stores/connect", json=body | changes, headers=headers)
        if response.status_code in (200, 201):
            self.token = response.json["token"]
            self.channel_id = response.json["channelId"]
        return response

    def disconnect(self, token=None, **body):
        return self.client.post("/api/stores/disconnect", json=body, headers=self.auth(token))

    def status(self, token=None):
        return self.client.get("/api/auth/account-status", headers=self.auth(token))

    def sync_status(self, token=None):
        return self.client.get("/api/sync/status", headers=self.auth(token))

    def auth(self, token=None):
        return {"Authorization": f"Bearer {token or self.token}"}


def assert_error(response, status, error=None):
    """The answer is an error in the contract's shape."""
    assert response.status_code == status, response.text
    body = response.json
    assert set(body) <= {"statusCode", "message", "error", "details"}
    assert body["statusCode"] == status
    assert isinstance(body["message"], str)
    assert body["message"]
    if error is not None:
        assert body["error"] == error
    assert response.headers["X-Request-Id"]
    return body
