package quote

import (
	_ "embed"
	"strings"
	"sync"
)

// noun is a set of classes of words; see data/nouns.tsv.
type noun uint8

const (
	body     noun = 1 << iota // an organisation by its kind: "ministry"
	firm                      // an organisation that an article may be about: "company"
	document                  // a text that somebody issues: "report"
	voice                     // what speaks for an organisation: "spokesman", "statement"
	naming                    // what follows is a name: "nicknamed"
	work                      // what follows is a title or a term: "novel"
)

// Written for this project.
//
//go:embed data/nouns.tsv
var nounsTSV string

var nouns = sync.OnceValue(func() map[string]noun {
	return classesOf(nounsTSV, map[string]noun{"body": body, "firm": firm, "document": document, "voice": voice, "naming": naming, "work": work})
})

// classesOf reads a table of words with their classes: a word, a tab, and names of classes between spaces.
func classesOf[C ~uint8](tsv string, classes map[string]C) map[string]C {
	m := map[string]C{}
	for line := range strings.Lines(tsv) {
		word, list, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || line[0] == '#' {
			continue
		}
		for _, c := range strings.Fields(list) {
			m[word] |= classes[c]
		}
	}
	return m
}

// is reports whether a word, in lower case, is of any of these classes.
func is(word string, classes noun) bool { return nouns()[word]&classes != 0 }
