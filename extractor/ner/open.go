package ner

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed models/words.bin
var words []byte

//go:embed models/open.bin
var open []byte

// Options choose a recogniser.
type Options struct {
	// Model is "news" or "open". Default: "news", or "open" where news is not built in.
	Model string
}

// Models lists the models that are built in, the default first.
func Models() []string {
	if news == nil {
		return []string{"open"}
	}
	return []string{"news", "open"}
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
		return Load(name, words, news)
	case name == "open":
		return Load(name, words, open)
	}
	return nil, fmt.Errorf("no model %q: this program has %s", name, strings.Join(Models(), " and "))
}
