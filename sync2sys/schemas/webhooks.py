"""Headers and answers of webhook deliveries."""

from marshmallow import EXCLUDE, Schema, fields


class Delivery(Schema):
    class Meta:
        unknown = EXCLUDE

    signature = fields.String(
        load_default="",
        data_key="X-WC-Webhook-Signature",
        metadata={"description": "base64 of HMAC-SHA256 over the raw body."},
    )
    delivery_id = fields.String(load_default="", data_key="X-WC-Webhook-Delivery-ID")
    topic = fields.String(load_default="", data_key="X-WC-Webhook-Topic")


class ShopifyDelivery(Schema):
    class Meta:
        unknown = EXCLUDE

    signature = fields.String(
        load_default="",
        data_key="X-Shopify-Hmac-Sha256",
        metadata={"description": "base64 of HMAC-SHA256 over the raw body, with the app's secret."},
    )
    topic = fields.String(load_default="", data_key="X-Shopify-Topic")
    domain = fields.String(load_default="", data_key="X-Shopify-Shop-Domain")
    delivery_id = fields.String(load_default="", data_key="X-Shopify-Webhook-Id")
    triggered_at = fields.String(load_default="", data_key="X-Shopify-Triggered-At")


class Received(Schema):
    received = fields.Boolean(
        required=True, metadata={"description": "false for a ping, and for a delivery that came before."}
    )
