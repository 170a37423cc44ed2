import json

import pytest

from sync2sys.readers.base import BadShape, Shape


def test_a_shape_survives_json():
    shape = Shape(
        "xml", encoding="windows-1252", item_path="products/product", compression="zip", member="*.xml"
    )
    assert Shape.from_dict(json.loads(json.dumps(shape.as_dict()))) == shape


def test_a_shape_says_only_what_is_not_usual():
    assert Shape.from_dict({"format": "csv", "delimiter": ";"}) == Shape(delimiter=";")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ([], ""),
        ({"format": "pdf"}, "format"),
        ({"format": 7}, "format"),
        ({"encoding": "unicode_escape"}, "encoding"),
        ({"encoding": "utf-7"}, "encoding"),
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": ";" * 11}, "delimiter"),
        ({"delimiter": "|\n|"}, "delimiter"),
        ({"delimiter": '|"|'}, "quote"),
        ({"delimiter": "\n"}, "delimiter"),
        ({"quote": ","}, "quote"),
        ({"quote": "''"}, "quote"),
        ({"header": -1}, "header"),
        ({"header": True}, "header"),
        ({"header": 1001}, "header"),
        ({"item_path": "a//b"}, "item_path"),
        ({"item_path": "/a"}, "item_path"),
        ({"item_path": "a" * 501}, "item_path"),
        ({"compression": "bz2"}, "compression"),
        ({"member": "a\0b"}, "member"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_no_file_can_be_is_refused_by_its_field(spec, path):
    with pytest.raises(BadShape) as caught:
        Shape.from_dict(spec)
    assert caught.value.path == path
    assert caught.value.message.endswith(".")
