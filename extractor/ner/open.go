package ner

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed models/words.bin
var words []byte

//go:embed models/vectors.bin
var vectors []byte

//go:embed models/open.conv
var open []byte

//go:embed models/open-linear.bin
var openLinear []byte

// Models lists the models that are built in, the default first: "news" and "open" are each a network
// beside a linear model, "fast" is the linear model of news alone.
func Models() []string {
	if news == nil {
		return []string{"open"}
	}
	return []string{"news", "open", "fast"}
}

// New loads the default model.
func New() (*Model, error) { return Open("") }

// Open loads the model of this name; "" is the default.
func Open(name string) (*Model, error) {
	if name == "" {
		name = Models()[0]
	}
	switch {
	case name == "news" && news != nil:
		return LoadJoint(name, words, vectors, news, fast)
	case name == "open":
		return LoadJoint(name, words, vectors, open, openLinear)
	case name == "fast" && fast != nil:
		return Load(name, words, fast)
	}
	return nil, fmt.Errorf("no model %q: this program has %s", name, strings.Join(Models(), ", "))
}
