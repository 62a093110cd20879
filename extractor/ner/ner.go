// Package ner finds the names of people, organisations and places in a parsed article.
package ner

import (
	"fmt"

	"github.com/datelinenews/dateline/extractor/text"
)

// Type is what a name names.
type Type uint8

// The types of names.
const (
	Person Type = iota + 1
	Organisation
	Place
)

var typeNames = [...]string{"", "person", "organisation", "place"}

// Types lists all types, in the order in which reports show them.
func Types() []Type { return []Type{Person, Organisation, Place} }

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("Type(%d)", t)
}

// MarshalText gives the type's name as records spell it.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a type's name.
func (t *Type) UnmarshalText(b []byte) error {
	for i, n := range typeNames {
		if i > 0 && n == string(b) {
			*t = Type(i)
			return nil
		}
	}
	return fmt.Errorf("unknown type of name %q: want person, organisation or place", b)
}

// Form is how a mention refers to its entity.
type Form string

// The forms of mentions.
const (
	Name    Form = "name"    // "Karen National Union", "Lam"
	Acronym Form = "acronym" // "KNU"
	Pronoun Form = "pronoun" // "she"
	Nominal Form = "nominal" // "the ministry"
)

// Mention is one place in the text where something is named or referred to. Its span leaves out a
// leading article, titles and a possessive ending.
type Mention struct {
	text.Span
	// Text is the surface.
	Text string `json:"text"`
	Type Type   `json:"type"`
	// Entity is an index into the article's entities.
	Entity int  `json:"entity"`
	Form   Form `json:"form"`
	// Score in 0..1 is the probability, as calibrated on development data, that span and type
	// are both right.
	Score float64 `json:"score"`
}

// Finder finds names. One Finder serves all goroutines; the mentions it returns are in text
// order, do not overlap, lie on token boundaries, and have no entity yet (Entity is 0).
type Finder interface {
	Find(doc *text.Doc) []Mention
}
