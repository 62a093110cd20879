package ner

import (
	"bytes"
	"testing"
)

func TestPack(t *testing.T) {
	for name, file := range map[string][]byte{"empty": nil, "short": []byte("no"), "words": words, "open": open, "open, linear": openLinear} {
		raw, err := Unpack(file)
		if err != nil {
			t.Fatal(err)
		}
		small, err := Pack(raw)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Pack(small)
		if err != nil || !bytes.Equal(again, small) {
			t.Errorf("%s: what is packed does not stay as it is (%v)", name, err)
		}
		got, err := Unpack(small)
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: %d bytes come back as %d (%v)", name, len(raw), len(got), err)
		}
	}
	small, err := Pack(words)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{19, 100, len(small) / 2, len(small) - 1} {
		if _, err := Unpack(small[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are unpacked without an error", n, len(small))
		}
	}
}

// TestPacked: a model of packed files is the same model.
func TestPacked(t *testing.T) {
	var raw, small [2][]byte
	for i, file := range [][]byte{open, openLinear} {
		var err error
		if raw[i], err = Unpack(file); err != nil {
			t.Fatal(err)
		}
		if small[i], err = Pack(raw[i]); err != nil {
			t.Fatal(err)
		}
	}
	a, err := LoadJoint("raw", words, vectors, raw[0], raw[1])
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadJoint("packed", words, vectors, small[0], small[1])
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash() != b.Hash() {
		t.Errorf("hashes %s and %s", a.Hash(), b.Hash())
	}
}
