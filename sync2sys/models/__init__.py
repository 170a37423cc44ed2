"""Every table, so that one import makes the metadata whole."""

from sync2sys.models.catalog import Product, Variant
from sync2sys.models.channels import Channel
from sync2sys.models.feeds import Chunk, Feed, Render, RenderChunk, RenderShard, ToldChunk
from sync2sys.models.fetches import Fetch
from sync2sys.models.jobs import Job, Worker
from sync2sys.models.locks import Lock
from sync2sys.models.organizations import Membership, Organization, User
from sync2sys.models.pricing import Decision, Pricing, Quarrel
from sync2sys.models.pulls import Pull, PullItem
from sync2sys.models.shopify import ShopifyFlow
from sync2sys.models.suppliers import (
    Import,
    Offer,
    OfferChange,
    RefusedRow,
    StagedOffer,
    Supplier,
    SupplierFile,
    SupplierFilePart,
)
from sync2sys.models.taxonomies import TaxonomyFile
from sync2sys.models.tokens import Installation, Token
from sync2sys.models.webhooks import WebhookDelivery
from sync2sys.models.writing import Standing, WriteLine, WriteRun, Writing

__all__ = [
    "Channel",
    "Chunk",
    "Decision",
    "Feed",
    "Fetch",
    "Import",
    "Installation",
    "Job",
    "Lock",
    "Membership",
    "Offer",
    "OfferChange",
    "Organization",
    "Pricing",
    "Product",
    "Pull",
    "PullItem",
    "Quarrel",
    "RefusedRow",
    "Render",
    "RenderChunk",
    "RenderShard",
    "ShopifyFlow",
    "StagedOffer",
    "Standing",
    "Supplier",
    "SupplierFile",
    "SupplierFilePart",
    "TaxonomyFile",
    "Token",
    "ToldChunk",
    "User",
    "Variant",
    "WebhookDelivery",
    "Worker",
    "WriteLine",
    "WriteRun",
    "Writing",
]
