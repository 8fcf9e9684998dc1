import gzip
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from learning_curves.errors import InputError
from real.tasks import data

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def idx(array, kind=0x08):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return header + array.tobytes()


def write_set(folder, n=12, size=28, labels=None, part="train"):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(n, size, size), dtype=np.uint8)
    labels = np.arange(n, dtype=np.uint8) % 10 if labels is None else labels
    (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return images, labels


def test_the_subset_is_balanced_small_and_named():
    split = data.load("subset")
    assert split.name == "Fashion-MNIST subset (1200 images)"
    assert not split.whole
    together = np.concatenate([split.train.labels, split.validation.labels])
    assert np.bincount(together).tolist() == [120] * 10
    test = data.load("subset", "test").validation
    assert np.bincount(test.labels).tolist() == [30] * 10
    assert sum(file.stat().st_size for file in data.SUBSET.iterdir()) < 1_200_000


def test_images_are_float_pixels_between_0_and_1():
    images = data.load("subset").train.images
    assert images.dtype == np.float32
    assert images.shape == (1000, 1, 28, 28)
    assert images.min() == 0
    assert images.max() == 1
    assert set(np.unique(images * 255)) <= set(np.arange(256, dtype=np.float32))


def test_the_split_loses_and_repeats_no_image(tmp_path):
    images, labels = write_set(tmp_path, n=60)
    everything = data.read_examples(tmp_path, "train")
    assert np.array_equal(everything.images[:, 0] * np.float32(255), images)
    assert np.array_equal(everything.labels, labels)
    split = data.load("subset")
    parts = [split.train, split.validation]
    split_images = sorted(image.tobytes() for part in parts for image in part.images)
    all_images = data.read_examples(data.SUBSET, "train").images
    assert split_images == sorted(image.tobytes() for image in all_images)
    assert [len(part) for part in parts] == [1000, 200]


@pytest.mark.parametrize(
    ("n", "digest"), [(1_200, "89c4c19373c8db60"), (60_000, "a0e404bb423b5caf")]
)
def test_the_split_never_changes(n, digest):
    # The recorded tables depend on it: a digest may change only with all of them.
    order = data.split_order(n).astype("<i8")
    assert hashlib.sha256(order.tobytes()).hexdigest()[:16] == digest


def test_validating_on_the_test_images_trains_on_all_training_images():
    split = data.load("subset", "test")
    assert np.array_equal(split.train.images, data.read_examples(data.SUBSET, "train").images)
    assert np.array_equal(split.validation.images, data.read_examples(data.SUBSET, "test").images)
    assert "test images" in split.description


class TestPlaces:
    def test_the_variable_comes_first(self, tmp_path, monkeypatch):
        write_set(tmp_path, n=12)
        write_set(tmp_path, n=5, part="t10k")
        monkeypatch.setenv(data.VARIABLE, str(tmp_path))
        split = data.load("auto")
        assert split.name == "Fashion-MNIST subset (12 images)"
        assert [len(split.train), len(split.validation)] == [10, 2]

    def test_a_variable_that_names_the_wrong_folder_is_an_error(self, tmp_path, monkeypatch):
        write_set(tmp_path)  # no test images
        monkeypatch.setenv(data.VARIABLE, str(tmp_path))
        for source in ("auto", "full"):
            with pytest.raises(InputError, match=f"{data.VARIABLE} names {tmp_path}.*unset"):
                data.load(source)

    def test_the_subset_is_the_last_resort_of_auto_alone(self, tmp_path, monkeypatch):
        monkeypatch.delenv(data.VARIABLE, raising=False)
        monkeypatch.setattr(data, "PLACES", (tmp_path / "nowhere",))
        assert "subset" in data.load("auto").name
        with pytest.raises(InputError, match=r"nowhere.*--data subset"):
            data.load("full")

    def test_a_usual_place_comes_before_the_subset(self, tmp_path, monkeypatch):
        write_set(tmp_path, n=12)
        write_set(tmp_path, n=5, part="t10k")
        monkeypatch.delenv(data.VARIABLE, raising=False)
        monkeypatch.setattr(data, "PLACES", (tmp_path / "nowhere", tmp_path))
        assert len(data.load("full").train) == 10


class TestIdx:
    @given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0)))
    def test_reads_back_any_array(self, tmp_path_factory, array):
        path = tmp_path_factory.mktemp("idx") / "any.gz"
        path.write_bytes(gzip.compress(idx(array)))
        assert np.array_equal(data.read_idx(path, array.ndim), array)

    @given(cut=st.integers(0, 99))
    def test_a_file_cut_anywhere_is_an_error(self, tmp_path_factory, cut):
        path = tmp_path_factory.mktemp("idx") / "cut.gz"
        whole = gzip.compress(idx(np.arange(200, dtype=np.uint8)))
        path.write_bytes(whole[: len(whole) * cut // 100])
        with pytest.raises(InputError, match=r"cut\.gz"):
            data.read_idx(path, 1)

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"<html>not found</html>", "damaged gzip file"),
            (gzip.compress(b""), "starts with "),
            (gzip.compress(idx(np.zeros(3, np.uint8))[:6]), "starts with "),
            (gzip.compress(idx(np.zeros(3, np.uint8), kind=0x0D)), "starts with 00 00 0d 01"),
            (gzip.compress(idx(np.zeros((3, 1), np.uint8))), "starts with 00 00 08 02"),
            (gzip.compress(idx(np.zeros(3, np.uint8))[:-1]), "10 bytes.*promises 11"),
            (gzip.compress(idx(np.zeros(3, np.uint8)) + b"x"), "12 bytes.*promises 11"),
        ],
        ids=["html", "empty", "half header", "floats", "two dimensions", "short", "long"],
    )
    def test_a_wrong_file_is_named(self, tmp_path, content, what):
        path = tmp_path / "wrong.gz"
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"wrong\.gz.*{what}"):
            data.read_idx(path, 1)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(InputError, match=r"gone\.gz.*No such file"):
            data.read_idx(tmp_path / "gone.gz", 1)


class TestExamples:
    def test_images_of_another_size_are_refused(self, tmp_path):
        write_set(tmp_path, size=32)
        with pytest.raises(InputError, match=rf"{IMAGES}.*32 x 32"):
            data.read_examples(tmp_path, "train")

    def test_labels_that_do_not_match_are_refused(self, tmp_path):
        write_set(tmp_path, n=12, labels=np.zeros(11, np.uint8))
        with pytest.raises(InputError, match=rf"{LABELS}: 11 labels for 12 images"):
            data.read_examples(tmp_path, "train")

    def test_a_label_beyond_9_is_refused(self, tmp_path):
        write_set(tmp_path, n=12, labels=np.arange(12, dtype=np.uint8))
        with pytest.raises(InputError, match=rf"{LABELS}: label 11"):
            data.read_examples(tmp_path, "train")
