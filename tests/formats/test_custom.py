"""What a merchant can make of a format."""

import pytest

from sync2sys.formats import FORMATS, custom, reading, taxonomy
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.markets import Market
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, NASTY, item, listed, named, sold

GOOGLE = FORMATS["google"]
WITH_GOOGLES_CATEGORY = {"google", "google-tsv", "meta", "meta-rss", "pinterest", "tiktok", "microsoft"}


def renderer(definition, format=GOOGLE):
    return Renderer(format, CONTEXT, custom.parse(format, definition))


def values(definition, **changes):
    return {line.field.name: line.value for line in renderer(definition).explain(item(**changes))}


def read_back(made):
    """What a reader of the feed finds of an item in `Shoes > Running`."""
    chunk = made.chunk([item(categories=listed("Shoes > Running"))])
    (found,) = reading.read(reading.as_written(made.format, made.prologue()), chunk.text)
    return found


def test_a_mapped_field_has_the_value_of_its_expression():
    definition = {"mapping": {"title": {"template": "{brand}: {title}"}, "gtin": {"meta": "_ean"}}}
    found = values(definition, meta=named(_ean="4006381333931"), gtin="")
    assert found["title"] == "Acme: Acme Trail Runner"
    assert found["gtin"] == "4006381333931"


def test_a_mapped_description_is_made_legal_also_where_the_shops_own_are_known_to_be():
    origin = {"meta": "text", "then": [{"replace": {"find": "-", "with": " "}}]}
    made = custom.parse(GOOGLE, {"mapping": {"description": origin}})
    render = Renderer(GOOGLE, CONTEXT._replace(is_plain=True), made).render
    assert b"<description>ab c</description>" in render(item(meta=named(text="a\x08b\ufffe-c")))


def test_what_is_made_of_a_mapped_column_follows_it():
    doubled = {"field": "price", "then": [{"multiply": "2"}]}
    definition = {"mapping": {"brand": {"constant": "Rig"}, "price": doubled}}
    found = values(definition, brand="", gtin="", sale_price="150")
    assert found["identifier_exists"] is None
    assert (found["price"], found["sale_price"]) == ("179.80 EUR", "150.00 EUR")


def test_an_expression_reads_what_the_shop_has_and_not_what_another_one_made_of_it():
    found = values({"mapping": {"title": {"field": "brand"}, "brand": {"field": "title"}}})
    assert (found["title"], found["brand"]) == ("Acme", "Acme Trail Runner")


def test_limits_and_rules_of_the_channel_hold_for_mapped_values_too():
    found = values({"mapping": {"title": {"constant": "Word " * 60}, "link": {"constant": "nowhere"}}})
    assert len(found["title"]) <= 150
    assert found["link"] is None


def test_a_field_without_a_source_of_its_own_is_there_only_when_it_is_mapped():
    assert "custom_label_0" not in values({})
    assert values({"mapping": {"custom_label_0": {"field": "kind"}}})["custom_label_0"] == "simple"
    header = renderer({"mapping": {"adult": {"constant": "no"}}}, FORMATS["google-tsv"]).prologue().decode()
    assert "\tadult\n" in header
    assert "custom_label" not in header


def test_a_field_made_of_lists_takes_the_mapped_text_as_it_is():
    definition = {"mapping": {"product_type": {"constant": "Shoes"}, "color": {"attribute": "Farbton"}}}
    found = values(definition, attributes=named(Farbton=["Rot"]))
    assert (found["product_type"], found["color"]) == ("Shoes", "Rot")


def test_category_rules_give_the_channels_category():
    definition = {"categories": {"Shoes": 187}}
    assert values(definition, categories=listed("Shoes > Running"))["google_product_category"] == "187"
    assert values(definition, categories=listed("Hats"))["google_product_category"] is None


@pytest.mark.parametrize("name", sorted(WITH_GOOGLES_CATEGORY))
def test_category_rules_fill_googles_category_of_every_channel_that_takes_it(name):
    format, path = FORMATS[name], "Apparel & Accessories > Shoes"
    assert custom.category_field(format) == "google_product_category"
    with_rule = read_back(renderer({"categories": {"shoes": path}}, format))
    assert with_rule["google_product_category"] == path
    assert "google_product_category" not in read_back(renderer({}, format))


@pytest.mark.parametrize("name", sorted(set(FORMATS) - WITH_GOOGLES_CATEGORY))
def test_category_rules_are_refused_where_they_would_fill_nothing(name):
    with pytest.raises(BadDefinition) as refused:
        custom.parse(FORMATS[name], {"categories": {"Shoes": 187}})
    assert (refused.value.path, custom.category_field(FORMATS[name])) == ("categories", None)


def test_a_definition_is_kept_with_its_categories_as_the_taxonomy_spells_them():
    loaded = taxonomy.load(["# Google_Product_Taxonomy_Version: 7", "1 - Apparel", "2 - Apparel > Shoes"])
    definition = {"settings": {}, "categories": {"Shoes": "apparel>shoes", "Hats": "1"}}
    kept = {"settings": {}, "categories": {"Shoes": "Apparel > Shoes", "Hats": 1}}
    assert custom.settled(GOOGLE, definition, loaded) == kept
    assert custom.settled(GOOGLE, {"settings": {}}, loaded) == {"settings": {}}
    with pytest.raises(BadDefinition) as refused:
        custom.settled(GOOGLE, {"categories": {"Shoes": 3}}, loaded)
    assert refused.value.path == "categories.Shoes"


def test_a_filter_leaves_items_out_with_its_reason():
    made = renderer({"filter": {"field": "price", "above": "50"}})
    _, left_out, _ = made.chunk([item(key="dear"), item(key="cheap", price="5")])
    assert [each.key for each in left_out] == ["cheap"]
    assert made.reasons(left_out[0]) == ["filtered"]
    (issue,) = made.issues(left_out[0])
    assert issue.code == "filtered"
    assert issue.value == 'Wanted: price is above 50. This item has "5".'


def test_settings_are_told_where_the_channel_wants_them():
    format, context = FORMATS["openai"], CONTEXT._replace(settings={}, market=Market())
    without = Renderer(format, context)
    assert "setting:return_policy" in without.reasons(item())
    assert ("setting", "return_policy") in [(issue.code, issue.field) for issue in without.issues(item())]
    said = dict.fromkeys(["sellerName", "sellerUrl", "returnPolicy"], "https://rig.example/")
    definition = {"settings": said, "market": {"country": "DE"}}
    assert Renderer(format, context, custom.parse(format, definition)).reasons(item()) == []


def test_the_explanation_shows_each_step_of_a_mapping():
    made = renderer({"mapping": {"title": {"field": "title", "then": [{"case": "upper"}]}}})
    lines = {line.field.name: line for line in made.explain(item())}
    assert [step.after for step in lines["title"].steps] == ["Acme Trail Runner", "ACME TRAIL RUNNER"]
    assert lines["brand"].steps == ()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("origin", [{"field": "title"}, {"constant": "x"}, {"meta": "nothing"}])
def test_every_field_of_every_format_can_be_mapped_to_anything_and_to_nothing(name, origin):
    format = FORMATS[name]
    mapping = {field.name: origin for field in format.fields}
    made = renderer({"mapping": mapping}, format)
    for each in sold(format, NASTY.values()):
        _, left_out, notes = made.chunk([each])
        assert bool(left_out) == bool(made.reasons(each))
        found = [f"{issue.code}:{issue.field}" for issue in made.issues(each)]
        assert left_out or sorted(notes.get(each.key, [])) == sorted(found)


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ([], ""),
        ({"mappings": {}}, "mappings"),
        ({"mapping": {"titel": {"field": "title"}}}, "mapping.titel"),
        ({"mapping": {"title": {"field": "purchasable"}}}, "mapping.title.field"),
        ({"mapping": {"title": {"template": "{title.__class__}"}}}, "mapping.title.template"),
        ({"filter": {"field": "price", "above": "dear"}}, "filter.above"),
        ({"settings": {"sellerName": "x"}}, "settings.sellerName"),
        ({"categories": {"Shoes": "no > > path"}}, "categories.Shoes"),
        ({"categories": [187]}, "categories"),
        (
            {"categories": {"Shoes": 187}, "mapping": {"google_product_category": {"meta": "_gpc"}}},
            "categories",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(definition, path):
    with pytest.raises(BadDefinition) as refused:
        custom.parse(GOOGLE, definition)
    assert refused.value.path == path
    assert refused.value.message.endswith((".", "?"))


def test_what_can_be_named_is_told_in_the_same_order_each_time():
    """Sets of texts are in another order in each process."""
    with pytest.raises(BadDefinition) as refused:
        custom.parse(GOOGLE, {"filter": {"field": "zzz", "is": "x"}})
    told = refused.value.message.partition("There are ")[2].rstrip("…. ,").split(", ")
    assert told == sorted(told)
    with pytest.raises(BadDefinition) as refused:
        custom.parse(GOOGLE, {"settings": {"sellerName": "x"}})
    assert refused.value.message == "Remove this. Nothing can be here."
