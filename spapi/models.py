"""An order in Amazon's JSON, and in ours.

Source: Orders API 2026-01-01, definition ``Order``.  Amazon withholds by leaving out: buyer and
address while Pending, for FBA, and for a missing role; there is no error then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from domain.money import minor_units
from domain.orders import AmazonOrder, Buyer, OrderItem
from domain.packages import Package, PackageItem
from spapi.wire import AmazonJSON, Moment, Text, Texts, _several


class Money(AmazonJSON):
    """An amount as decimal text, e.g. ``62.50``."""

    amount: Decimal = Field(allow_inf_nan=False)
    currency: str = Field(alias="currencyCode")

    def minor(self) -> int | None:
        """Return the amount in minor units of its currency; None if it is finer than those."""
        return minor_units(f"{self.amount:f}", self.currency)


class Price(AmazonJSON):
    """What one unit costs."""

    unit_price: Money | None = Field(None, alias="unitPrice")


class Product(AmazonJSON):
    """What was ordered."""

    asin: Text = ""
    title: Text = ""
    sku: Text = Field("", alias="sellerSku")
    price: Price | None = None


class CancellationRequest(AmazonJSON):
    """The buyer asks to cancel an item."""

    reason: Text = Field("", alias="cancelReason")


class Cancellation(AmazonJSON):
    """What was asked and done about cancelling an item (includedData CANCELLATION)."""

    request: CancellationRequest | None = Field(None, alias="cancellationRequest")


class ItemFulfillment(AmazonJSON):
    """How many units are gone and how many are left (includedData FULFILLMENT)."""

    fulfilled: int | None = Field(None, alias="quantityFulfilled")
    unfulfilled: int | None = Field(None, alias="quantityUnfulfilled")


class Item(AmazonJSON):
    """An item of an order."""

    order_item_id: str = Field(alias="orderItemId", min_length=1)
    quantity_ordered: int = Field(alias="quantityOrdered", ge=0)
    product: Product
    cancellation: Cancellation | None = None
    fulfillment: ItemFulfillment | None = None

    def to_domain(self) -> OrderItem:
        """Return the item as ours; units Amazon does not tell of count as not yet fulfilled."""
        units = self.fulfillment or ItemFulfillment()
        fulfilled = units.fulfilled or 0
        left = self.quantity_ordered - fulfilled if units.unfulfilled is None else units.unfulfilled
        price = self.product.price.unit_price if self.product.price else None
        request = self.cancellation.request if self.cancellation else None
        return OrderItem(
            order_item_id=self.order_item_id,
            sku=self.product.sku,
            asin=self.product.asin,
            title=self.product.title,
            quantity_ordered=self.quantity_ordered,
            quantity_fulfilled=fulfilled,
            quantity_unfulfilled=max(left, 0),
            currency=price.currency if price else "",
            unit_price_minor=price.minor() if price else None,
            cancel_requested=request is not None,
            cancel_reason=request.reason if request else "",
        )


class Address(AmazonJSON):
    """Where the order goes (includedData RECIPIENT)."""

    name: Text = ""
    company_name: Text = Field("", alias="companyName")
    line_1: Text = Field("", alias="addressLine1")
    line_2: Text = Field("", alias="addressLine2")
    line_3: Text = Field("", alias="addressLine3")
    city: Text = ""
    state: Text = Field("", alias="stateOrRegion")
    postal_code: Text = Field("", alias="postalCode")
    country_code: Text = Field("", alias="countryCode")
    phone: Text = ""
    address_type: Text = Field("", alias="addressType")


class Recipient(AmazonJSON):
    """Who receives the order."""

    address: Address | None = Field(None, alias="deliveryAddress")


class Customer(AmazonJSON):
    """Who bought (includedData BUYER)."""

    name: Text = Field("", alias="buyerName")
    email: Text = Field("", alias="buyerEmail")


class Window(AmazonJSON):
    """A promised span of time; its end is what counts."""

    latest: Moment | None = Field(None, alias="latestDateTime")


class Fulfillment(AmazonJSON):
    """Where the order stands (includedData FULFILLMENT; without it Amazon tells no status)."""

    status: str = Field(alias="fulfillmentStatus", min_length=1)
    fulfilled_by: Text = Field("", alias="fulfilledBy")
    ship_by: Window | None = Field(None, alias="shipByWindow")
    deliver_by: Window | None = Field(None, alias="deliverByWindow")


class PackageStatus(AmazonJSON):
    """Where a package is."""

    status: Text = ""


class OrderPackageItem(AmazonJSON):
    """Units of an order item in a package."""

    order_item_id: str = Field(alias="orderItemId")
    quantity: int


class OrderPackage(AmazonJSON):
    """A package Amazon knows of (includedData PACKAGES)."""

    reference_id: str = Field(alias="packageReferenceId")
    carrier: Text = ""
    tracking_number: Text = Field("", alias="trackingNumber")
    shipped_at: Moment | None = Field(None, alias="shipTime")
    package_status: PackageStatus | None = Field(None, alias="packageStatus")
    items: Annotated[tuple[OrderPackageItem, ...], BeforeValidator(_several)] = Field(
        (), alias="packageItems"
    )

    def to_domain(self) -> Package:
        """Return the package as ours."""
        return Package(
            reference_id=self.reference_id,
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            shipped_at=self.shipped_at,
            status=self.package_status.status if self.package_status else "",
            items=tuple(PackageItem(each.order_item_id, each.quantity) for each in self.items),
        )


class Alias(AmazonJSON):
    """Another id of the order."""

    alias: Text = Field("", alias="aliasId")
    kind: Text = Field("", alias="aliasType")


class SalesChannel(AmazonJSON):
    """Where the order was placed."""

    name: Text = Field("", alias="channelName")
    marketplace_id: Text = Field("", alias="marketplaceId")
    marketplace_name: Text = Field("", alias="marketplaceName")

    def to_domain(self) -> str:
        """Return the channel in the words of reports: ``Amazon.de``, ``Non-Amazon``."""
        if self.name == "NON_AMAZON":
            return "Non-Amazon"
        return self.marketplace_name or self.name


class Order(AmazonJSON):
    """An order."""

    order_id: str = Field(alias="orderId", min_length=1)
    aliases: Annotated[tuple[Alias, ...], BeforeValidator(_several)] = Field(
        (), alias="orderAliases"
    )
    created: Moment = Field(alias="createdTime")
    last_updated: Moment = Field(alias="lastUpdatedTime")
    programs: Texts = ()
    sales_channel: SalesChannel = Field(alias="salesChannel")
    buyer: Customer | None = None
    recipient: Recipient | None = None
    fulfillment: Fulfillment
    items: tuple[Item, ...] = Field(alias="orderItems")
    packages: Annotated[tuple[OrderPackage, ...], BeforeValidator(_several)] = ()

    def to_domain(self) -> AmazonOrder:
        """Return the order as ours."""
        fulfillment = self.fulfillment
        sellers = [a.alias for a in self.aliases if a.kind == "SELLER_ORDER_ID"]
        return AmazonOrder(
            order_id=self.order_id,
            status=fulfillment.status,
            purchased_at=self.created,
            last_updated_at=self.last_updated,
            marketplace_id=self.sales_channel.marketplace_id,
            sales_channel=self.sales_channel.to_domain(),
            fulfilled_by=fulfillment.fulfilled_by,
            items=tuple(item.to_domain() for item in self.items),
            buyer=self._buyer(),
            ship_by=fulfillment.ship_by.latest if fulfillment.ship_by else None,
            deliver_by=fulfillment.deliver_by.latest if fulfillment.deliver_by else None,
            packages=tuple(package.to_domain() for package in self.packages),
            programs=self.programs,
            seller_order_id=sellers[0] if sellers else "",
        )

    def _buyer(self) -> Buyer | None:
        customer = self.buyer or Customer()
        address = (self.recipient.address if self.recipient else None) or Address()
        buyer = Buyer(
            email=customer.email,
            name=customer.name,
            phone=address.phone,
            recipient_name=address.name,
            company_name=address.company_name,
            address_line_1=address.line_1,
            address_line_2=address.line_2,
            address_line_3=address.line_3,
            city=address.city,
            state=address.state,
            postal_code=address.postal_code,
            country_code=address.country_code,
            address_type=address.address_type,
        )
        return None if buyer == Buyer() else buyer
