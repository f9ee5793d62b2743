"""The tested forms of product data, each with its expected values, for the tables of docs/product-pages.md."""

from __future__ import annotations

from typing import NamedTuple

from parsers.product import ProductPage, parse_product_page

__all__ = ["FORMS", "PRICES", "Form", "Price", "form_rows", "outcome", "price_rows"]


class Form(NamedTuple):
    """A short page, and the values expected from it."""

    name: str
    markup: str
    expected: dict[str, str]
    """Expected fields as text by name; other fields are not checked. `problems` are codes."""


class Price(NamedTuple):
    """A written price, the page's declarations, and the expected amount and currency."""

    written: str
    currency: str
    language: str
    expected: str
    """Amount and currency, with «?» if in doubt; «absent: …» without a value."""


def ld(json: str) -> str:
    """Return a page with one JSON-LD script."""
    return f'<html><script type="application/ld+json">{json}</script></html>'


def product(offers: str, more: str = "") -> str:
    """Return a page with a product in JSON-LD."""
    return ld(f'{{"@type": "Product", "name": "Atlas", {more} "offers": {offers}}}')


EUR = '"@type": "Offer", "priceCurrency": "EUR"'
SCOPE = 'itemscope itemtype="https://schema.org/'

FORMS = (
    Form(
        "JSON-LD, one offer",
        product(f'{{{EUR}, "price": 39.90}}'),
        {"title": "Atlas", "price": "39.90", "currency": "EUR"},
    ),
    Form(
        "JSON-LD, array of nodes",
        ld('[{"@type": "Organization", "name": "Shop"}, {"@type": "Product", "name": "Atlas"}]'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON-LD, @graph in @graph",
        ld('{"@graph": [{"@graph": [{"@type": "Product", "name": "Atlas", "offers": {"price": "5"}}]}]}'),
        {"title": "Atlas", "price": "5"},
    ),
    Form(
        "JSON-LD, several scripts",
        ld('{"@type": "WebSite", "name": "Shop"}') + ld('{"@type": "Book", "name": "Atlas"}'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON-LD, @type as list and address",
        ld('{"@type": ["http://schema.org/Book", "schema:Product"], "name": "Atlas"}'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON-LD, names with prefix",
        ld('{"@type": "schema:Product", "schema:name": "Atlas", "schema:offers": {"schema:price": "7"}}'),
        {"title": "Atlas", "price": "7"},
    ),
    Form(
        "JSON-LD, page with mainEntity",
        ld('{"@type": "WebPage", "name": "Shop", "mainEntity": {"@type": "Product", "name": "Atlas"}}'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON-LD, related products",
        ld(
            '{"@type": "Product", "name": "Atlas", "offers": {"price": "9"}, "isRelatedTo": {"@type": "Product", '
            '"name": "Globe", "offers": {"price": "1"}}}'
        ),
        {"title": "Atlas", "price": "9", "problems": ""},
    ),
    Form(
        "JSON-LD, offers and seller by @id",
        ld(
            '{"@graph": [{"@type": "Product", "name": "Atlas", "offers": {"@id": "#o"}}, {"@id": "#o", '
            '"@type": "Offer", '
            '"price": "8", "priceCurrency": "GBP", "seller": {"@id": "#s"}}, {"@id": "#s", "@type": '
            '"Store", "name": "Shop"}]}'
        ),
        {"price": "8", "currency": "GBP", "seller": "Shop"},
    ),
    Form(
        "JSON-LD, list of offers",
        product(
            f'[{{{EUR}, "price": "12", "seller": {{"name": "A"}}}}, {{{EUR}, "price": "10", "seller": '
            f'{{"name": "B"}}}}]'
        ),
        {"price": "10", "seller": "B", "offers": "12 EUR A, 10 EUR B", "problems": "offers_differ"},
    ),
    Form(
        "JSON-LD, the cheaper offer is sold out",
        product(f'[{{{EUR}, "price": "12"}}, {{{EUR}, "price": "10", "availability": "SoldOut"}}]'),
        {"price": "12", "problems": "offers_differ"},
    ),
    Form(
        "JSON-LD, the cheaper offer is used",
        product(f'[{{{EUR}, "price": "4", "itemCondition": "UsedCondition"}}, {{{EUR}, "price": "10"}}]'),
        {"price": "10", "problems": "offers_differ"},
    ),
    Form(
        "JSON-LD, AggregateOffer",
        product(
            '{"@type": "AggregateOffer", "lowPrice": "10", "highPrice": 30, "offerCount": 7, "priceCurrency": "USD"}'
        ),
        {"price": "10", "high_price": "30", "currency": "USD", "offer_count": "7"},
    ),
    Form(
        "JSON-LD, AggregateOffer with offers",
        product(
            '{"@type": "AggregateOffer", "lowPrice": "10", "priceCurrency": "USD", "offers": '
            '[{"price": "11"}, {"price": "10"}]}'
        ),
        {"price": "10", "offers": "11 USD, 10 USD"},
    ),
    Form(
        "JSON-LD, priceSpecification",
        product('{"@type": "Offer", "priceSpecification": {"price": 39.9, "priceCurrency": "EUR"}}'),
        {"price": "39.9", "currency": "EUR"},
    ),
    Form(
        "JSON-LD, values with @value",
        product('{"price": {"@type": "xsd:decimal", "@value": "39.90"}, "priceCurrency": {"@value": "EUR"}}'),
        {"price": "39.90", "currency": "EUR"},
    ),
    Form(
        "JSON-LD, Offer with itemOffered",
        ld(
            '{"@type": "Offer", "price": 5, "priceCurrency": "EUR", "itemOffered": {"@type": "Book", "name": "Atlas"}}'
        ),
        {"title": "Atlas", "price": "5", "currency": "EUR"},
    ),
    Form(
        "JSON-LD, offers numbered as PHP does",
        product('{"0": {"price": "9", "priceCurrency": "EUR"}, "1": {"price": "8", "priceCurrency": "EUR"}}'),
        {"price": "8", "offers": "9 EUR, 8 EUR"},
    ),
    Form(
        "JSON-LD, @list",
        ld('{"@type": "Book", "name": "Atlas", "author": {"@list": [{"name": "A. Lee"}, "B. Ray"]}}'),
        {"authors": "A. Lee; B. Ray"},
    ),
    Form(
        "JSON-LD, list price and sale price",
        product(
            f'{{{EUR}, "price": "30", "priceSpecification": [{{"priceType": '
            f'"https://schema.org/ListPrice", "price": "40", '
            '"priceCurrency": "EUR"}]}'
        ),
        {"price": "30", "list_price": "40"},
    ),
    Form(
        "JSON-LD, specifications alone",
        product(
            f'{{{EUR}, "priceSpecification": [{{"priceType": "StrikethroughPrice", "price": "40"}}, {{"price": "30"}}, '
            '{"price": "3", "referenceQuantity": {"value": 100, "unitCode": "GRM"}}, '
            '{"price": "28", "validForMemberTier": {"name": "Gold"}}]}'
        ),
        {"price": "30", "list_price": "40", "problems": "not_a_sale, not_a_sale"},
    ),
    Form(
        "JSON-LD, net and gross price",
        product(
            f'{{{EUR}, "priceSpecification": [{{"price": "10", "valueAddedTaxIncluded": false}}, '
            '{"price": "11.90", "valueAddedTaxIncluded": true}]}'
        ),
        {"price": "11.90", "problems": ""},
    ),
    Form(
        "JSON-LD, rental beside sale",
        product(
            f'[{{{EUR}, "price": "3", "businessFunction": '
            f'"http://purl.org/goodrelations/v1#LeaseOut"}}, {{{EUR}, "price": "9"}}]'
        ),
        {"price": "9", "problems": "not_a_sale"},
    ),
    Form(
        "JSON-LD, ProductGroup with variants",
        ld(
            '{"@type": "ProductGroup", "name": "Atlas", "brand": "Maps", "hasVariant": [{"@type": '
            '"Product", "name": "paper", '
            '"offers": {"price": "20", "priceCurrency": "EUR"}}, {"@type": "Product", "name": "cloth", "offers": '
            '{"price": "35", "priceCurrency": "EUR"}}]}'
        ),
        {"title": "Atlas", "brand": "Maps", "price": "20", "offers": "20 EUR (paper), 35 EUR (cloth)"},
    ),
    Form(
        "JSON-LD, book with editions (workExample)",
        ld(
            '{"@type": "Book", "name": "Atlas", "author": {"name": "A. Lee"}, "workExample": '
            '[{"@type": "Book", "isbn": '
            '"9787115546081", "potentialAction": {"expectsAcceptanceOf": {"@type": "Offer", "Price": 6.99, '
            '"priceCurrency": "USD"}}}]}'
        ),
        {"isbn": "9787115546081", "authors": "A. Lee", "price": "6.99", "currency": "USD"},
    ),
    Form(
        "JSON-LD, Book beside Product",
        ld(
            '[{"@type": "Book", "name": "Atlas (book)", "isbn": "7-115-54608-8", "author": ["A. Lee", "B. Ray"]}, '
            '{"@type": "Product", "name": "Atlas", "offers": {"price": "5", "priceCurrency": "EUR"}}]'
        ),
        {"title": "Atlas", "isbn": "9787115546081", "authors": "A. Lee; B. Ray", "price": "5"},
    ),
    Form(
        "ISBN as productID",
        product("{}", '"productID": "isbn:978-7-115-54608-1",'),
        {"isbn": "9787115546081"},
    ),
    Form(
        "ISBN as gtin13",
        product("{}", '"gtin13": 9787115546081,'),
        {"isbn": "9787115546081", "gtin": "9787115546081"},
    ),
    Form(
        "ISBN as sku",
        product("{}", '"sku": "9787115546081",'),
        {"isbn": "9787115546081", "sku": "9787115546081"},
    ),
    Form(
        "ISBN as PropertyValue",
        product(
            "{}", '"identifier": {"@type": "PropertyValue", "propertyID": "ISBN", "value": "9787115546081"},'
        ),
        {"isbn": "9787115546081"},
    ),
    Form(
        "ISBN with a wrong check digit",
        product("{}", '"isbn": "9787115546082",'),
        {"isbn": "None", "problems": "bad_identifier"},
    ),
    Form(
        "UPC as gtin12", product("{}", '"gtin12": "036000291452",'), {"gtin": "0036000291452", "isbn": "None"}
    ),
    Form(
        "JSON with comments",
        ld('/* shop */ {"@type": "Product", // x\n "name": "Atlas" /* "y" */}'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON with trailing commas",
        ld('{"@type": "Product", "name": "Atlas, [1,]", "image": ["a",],}'),
        {"title": "Atlas, [1,]"},
    ),
    Form("JSON in an HTML comment", ld('<!-- {"@type": "Product", "name": "Atlas"} -->'), {"title": "Atlas"}),
    Form(
        "JSON in CDATA on one line",
        ld('/*<![CDATA[*/{"@type": "Product", "name": "Atlas"}/*]]>*/;'),
        {"title": "Atlas"},
    ),
    Form(
        "JSON in CDATA", ld('//<![CDATA[\n{"@type": "Product", "name": "Atlas"}\n//]]>'), {"title": "Atlas"}
    ),
    Form(
        "JSON with raw line feeds",
        ld('{"@type": "Product", "name": "Atlas\nof\tthe world"}'),
        {"title": "Atlas of the world"},
    ),
    Form(
        "JSON with wrong escapes",
        ld(r'{"@type": "Product", "name": "The Reader\'s Atlas \\"}'),
        {"title": "The Reader's Atlas \\"},
    ),
    Form(
        "JSON with references for quotes",
        ld("{&quot;@type&quot;: &quot;Product&quot;, &quot;name&quot;: &quot;Atlas&quot;}"),
        {"title": "Atlas"},
    ),
    Form(
        "text with references",
        ld('{"@type": "Product", "name": "Q&amp;A &#8211; Atlas"}'),
        {"title": "Q&A – Atlas"},
    ),
    Form(
        "broken JSON beside OpenGraph",
        ld('{"@type": "Product", "name": "At') + '<meta property="og:title" content="Atlas">',
        {"title": "Atlas", "problems": "broken_json"},
    ),
    Form(
        "microdata, nested offer",
        f'<div {SCOPE}Product"><h1 itemprop="name">Atlas</h1><div itemprop="offers" {SCOPE}Offer"><meta '
        'itemprop="priceCurrency" content="EUR"><span itemprop="price">1.234,56</span><link itemprop="availability" '
        'href="https://schema.org/InStock"></div></div>',
        {"title": "Atlas", "price": "1234.56", "currency": "EUR", "availability": "in_stock"},
    ),
    Form(
        "microdata, content beside text",
        f'<div {SCOPE}Product"><b itemprop="price" content="12.50">now €12,50!</b></div>',
        {"price": "12.50", "currency": "None"},
    ),
    Form(
        "microdata, data-vocabulary.org",
        '<div itemscope itemtype="http://data-vocabulary.org/Product"><b itemprop="name">Atlas</b>'
        '<i itemprop="offerDetails" itemscope itemtype="http://data-vocabulary.org/Offer">'
        '<meta itemprop="currency" content="USD">$<b '
        'itemprop="price">1,250.00</b></i></div>',
        {"title": "Atlas", "price": "1250.00", "currency": "USD"},
    ),
    Form(
        "microdata, offer around the product",
        f'<div {SCOPE}Offer"><i itemprop="itemOffered" {SCOPE}Book"><b itemprop="name">Atlas</b></i>'
        '<i itemprop="price">5 €</i></div>',
        {"title": "Atlas", "price": "5", "currency": "EUR"},
    ),
    Form(
        "microdata, itemref",
        f'<div {SCOPE}Product" itemref="a b"><b itemprop="name">Atlas</b></div><p id="a"><i '
        f'itemprop="price">5 €</i></p>'
        '<i id="b" itemprop="sku">77</i>',
        {"title": "Atlas", "price": "5", "currency": "EUR", "sku": "77"},
    ),
    Form(
        "microdata, values by element",
        f'<div {SCOPE}Book"><a itemprop="author" href="/lee">A. Lee</a><img itemprop="image" src="//x.org/a.jpg"><time '
        'itemprop="datePublished" datetime="2024-12-23">last winter</time><data itemprop="isbn" '
        'value="9787115546081">ISBN</data><a itemprop="url" href="https://x.org/atlas">here</a></div>',
        {
            "authors": "A. Lee",
            "image": "https://x.org/a.jpg",
            "published": "2024-12-23",
            "isbn": "9787115546081",
            "url": "https://x.org/atlas",
        },
    ),
    Form(
        "microdata, list of other products",
        f'<div {SCOPE}Product"><b itemprop="name">Atlas</b><i itemprop="price">9</i></div><ul {SCOPE}ItemList"><li '
        f'itemprop="itemListElement" {SCOPE}Product"><b itemprop="name">Globe</b><i itemprop="price">1</i></ul>',
        {"title": "Atlas", "price": "9", "problems": ""},
    ),
    Form(
        "microdata, cents as superscript",
        f'<div {SCOPE}Product"><b itemprop="price">12<sup>99</sup> €</b></div>',
        {"price": "12.99", "currency": "EUR"},
    ),
    Form(
        "microdata, a number in two elements",
        f'<div {SCOPE}Product"><b itemprop="price"><i>12</i><i>99</i> €</b></div>',
        {"price": "None", "problems": "unreadable_price"},
    ),
    Form(
        "RDFa Lite",
        '<div vocab="https://schema.org/" typeof="Product"><b property="name">Atlas</b><div property="offers" '
        'typeof="Offer"><b property="price" content="7.50"></b><b property="priceCurrency">CHF</b></div></div>',
        {"title": "Atlas", "price": "7.50", "currency": "CHF"},
    ),
    Form(
        "OpenGraph, product:price",
        '<meta property="og:type" content="product"><meta property="og:title" content="Atlas"><meta '
        'property="product:price:amount" content="39,90"><meta property="product:price:currency" content="EUR"><meta '
        'property="product:availability" content="in stock"><meta property="book:isbn" content="9787115546081">',
        {
            "title": "Atlas",
            "price": "39.90",
            "currency": "EUR",
            "availability": "in_stock",
            "isbn": "9787115546081",
        },
    ),
    Form(
        "OpenGraph, og:price and sale price",
        '<meta property="og:price:amount" content="40"><meta property="og:price:currency" content="usd"><meta '
        'property="product:sale_price:amount" content="30">',
        {"price": "30", "list_price": "40", "currency": "USD"},
    ),
    Form(
        "twitter:label and twitter:data",
        '<meta name="twitter:label1" content="Price"><meta name="twitter:data1" content="US$12.00">',
        {"price": "12.00", "currency": "USD"},
    ),
    Form(
        "a price in the title alone",
        "<title>Atlas – only $5!</title>",
        {"title": "Atlas – only $5!", "price": "None"},
    ),
    Form(
        "another currency than declared",
        product(f'{{{EUR}, "price": "US$12"}}'),
        {"price": "12", "currency": "None", "problems": "other_currency"},
    ),
    Form(
        "sources that differ",
        product(f'{{{EUR}, "price": "10"}}') + '<meta property="og:price:amount" content="12">',
        {"price": "10", "problems": "sources_differ"},
    ),
    Form(
        "the currency in another source",
        product('{"price": "10"}')
        + '<meta property="og:price:amount" content="10.00"><meta property="og:price:currency" content="SEK">',
        {"price": "10", "currency": "SEK", "problems": ""},
    ),
    Form(
        "price «free»",
        product(f'{{{EUR}, "price": "free"}}'),
        {"price": "None", "problems": "unreadable_price"},
    ),
    Form(
        "price 1e400",
        product(f'{{{EUR}, "price": 1e400}}'),
        {"price": "None", "problems": "price_out_of_range"},
    ),
    Form("price NaN", product(f'{{{EUR}, "price": NaN}}'), {"price": "None", "problems": "unreadable_price"}),
    Form("price -5", product(f'{{{EUR}, "price": -5}}'), {"price": "None", "problems": "price_out_of_range"}),
    Form(
        "price 0.00",
        product(f'{{{EUR}, "price": "0.00"}}'),
        {"price": "None", "problems": "price_out_of_range"},
    ),
    Form(
        "price of 2 KB of digits",
        product(f'{{{EUR}, "price": {"9" * 2048}}}'),
        {"price": "None", "problems": "unreadable_price"},
    ),
    Form("a binary fraction", product(f'{{{EUR}, "price": 39.900000000000006}}'), {"price": "39.90"}),
    Form(
        "two prices of one offer",
        product(f'{{{EUR}, "price": ["12", "10"]}}'),
        {"price": "10", "problems": "several_prices"},
    ),
)

PRICES = (
    Price("1234.56", "", "", "1234.56"),
    Price("1,234.56", "", "", "1234.56"),
    Price("1.234,56", "", "", "1234.56"),
    Price("1 234,56 €", "", "", "1234.56 EUR"),
    Price("1\u202f234,56\u00a0€", "", "fr", "1234.56 EUR"),
    Price("1'234.50", "CHF", "", "1234.50 CHF"),
    Price("CHF 1’234.–", "", "", "1234 CHF"),
    Price("₹12,34,567.00", "", "", "1234567.00 INR"),
    Price("R$ 1.234.567,89", "", "", "1234567.89 BRL"),
    Price("¥39.80", "", "zh-CN", "39.80 CNY"),
    Price("￥３９．８０", "", "zh", "39.80 CNY"),
    Price("¥39", "", "ja", "39 JPY"),
    Price("¥39", "", "", "39"),
    Price("NT$ 350", "", "", "350 TWD"),
    Price("US$12", "", "", "12 USD"),
    Price("$12", "", "en-CA", "12 CAD"),
    Price("$12", "", "en", "12"),
    Price("35元", "", "zh-Hant-TW", "35 TWD"),
    Price("35元", "", "zh-CN", "35 CNY"),
    Price("售价：35.00元起", "", "zh", "35.00 CNY"),
    Price("12,- €", "", "", "12 EUR"),
    Price("kr 129", "", "nb", "129 NOK"),
    Price("12€34", "", "", "12.34 EUR"),
    Price("$.75", "USD", "", "0.75 USD"),
    Price("ab 12,50 EUR", "", "de", "12.50 EUR"),
    Price("١٬٢٣٤٫٥٠ ر.س", "", "ar", "1234.50 SAR"),
    Price("1.234", "", "de", "1234"),
    Price("1.234", "", "de-CH", "1.234 ?"),
    Price("1.234", "EUR", "", "1234 EUR"),
    Price("1.234", "JPY", "", "1234 JPY"),
    Price("1.234", "KWD", "", "1.234 KWD"),
    Price("1.234", "USD", "", "1.234 USD ?"),
    Price("1.234", "", "en", "1.234 ?"),
    Price("1.234", "", "", "1.234 ?"),
    Price("1,234", "USD", "", "1234 USD"),
    Price("1,234", "", "", "1234 ?"),
    Price("1,234", "EUR", "", "1234 EUR ?"),
    Price("Rp 12.000", "", "", "12000 IDR"),
    Price("0.500", "KWD", "", "0.500 KWD"),
    Price("10 – 15 €", "", "", "10 EUR ?"),
    Price("1.198,-", "", "", "1198"),
    Price("1.198,– €", "", "", "1198 EUR"),
    Price("1.198.-", "CHF", "", "1198 CHF"),
    Price("118, 99 TL", "", "", "118.99 TRY"),
    Price("$ 8. 94", "", "en-US", "8.94 USD"),
    Price("140,00 pln", "", "", "140.00 PLN"),
    Price("1 400 Р", "", "", "1400 RUB"),
    Price("2963yen", "", "", "2963 JPY"),
    Price("R8,499", "", "", "8499 ZAR"),
    Price("3,439.00 درهم", "AED", "", "3439.00 AED"),
    Price("39.0000", "EUR", "", "39.0000 EUR"),
    Price("free", "", "", "absent: unreadable_price"),
    Price("1e400", "", "", "absent: price_out_of_range"),
    Price("NaN", "", "", "absent: unreadable_price"),
    Price("-5", "", "", "absent: price_out_of_range"),
    Price("-$5", "", "", "absent: price_out_of_range"),
    Price("0,00 €", "", "", "absent: price_out_of_range"),
    Price("2 for $5", "", "", "absent: unreadable_price"),
    Price("$..75", "", "", "absent: unreadable_price"),
    Price("Free Shipping on Orders $49+.", "", "", "absent: unreadable_price"),
    Price("$5 off", "", "", "absent: unreadable_price"),
    Price("10 km", "", "", "absent: unreadable_price"),
    Price("5 %", "", "", "absent: unreadable_price"),
    Price("US$12 (NT$ 380)", "", "", "absent: unreadable_price"),
    Price("1.5k", "", "", "absent: unreadable_price"),
    Price("35万元", "", "zh", "absent: unreadable_price"),
    Price("1.23.45", "", "", "absent: unreadable_price"),
    Price("千字5铃铛", "", "zh", "absent: unreadable_price"),
    Price("9" * 2048, "", "", "absent: unreadable_price"),
)


def outcome(page: ProductPage, field: str) -> str:
    """Return a field of a page in the format of the table."""
    value = getattr(page, field)
    if field == "problems":
        return ", ".join(sorted(problem.code for problem in page.problems))
    if field == "offers":
        return ", ".join(
            " ".join(
                filter(None, (str(o.price), o.currency or "", o.seller, f"({o.name})" if o.name else ""))
            )
            for o in page.offers
        )
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def form_rows() -> list[str]:
    """Return the rows of the table of forms."""
    rows = []
    for form in FORMS:
        page = parse_product_page(form.markup.encode(), url="https://x.org/p")
        said = "; ".join(
            f"{field} {outcome(page, field)}"
            for field in form.expected
            if outcome(page, field) not in {"", "None"}
        )
        absent = [field for field in form.expected if outcome(page, field) == "None"]
        rows.append(
            f"| {form.name} | {'; '.join(filter(None, [said, *(f'no {field}' for field in absent)]))} |"
        )
    return rows


def price_rows() -> list[str]:
    """Return the rows of the table of prices."""
    return [
        f"| `{price.written if len(price.written) < 40 else '9999… (2,048 digits)'}` | "
        f"{price.currency} | {price.language} "
        f"| {price.expected} |"
        for price in PRICES
    ]
