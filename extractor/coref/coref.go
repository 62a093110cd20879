// Package coref groups an article's mentions into entities: one for each person, organisation or
// place of the real world.
package coref

import (
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Entity is a thing of the real world that an article mentions.
type Entity struct {
	// ID is the entity's index among the article's entities.
	ID   int      `json:"id"`
	Type ner.Type `json:"type"`
	// Name is the fullest form in the article.
	Name string `json:"name"`
	// Acronym is the initialism that the article uses for it, if any.
	Acronym string `json:"acronym,omitempty"`
	// Role is the words that introduce a person ("KNU spokesperson"), if any.
	Role string `json:"role,omitempty"`
	// Key is equal across articles for the same name and type: "person:padoh-saw-taw-nee".
	Key string `json:"key"`
	// Mentions are indices into the article's mentions, in text order.
	Mentions []int `json:"mentions"`
}

// Resolve groups names, as a ner.Finder returns them, into entities. It returns the entities in
// order of first mention, and all mentions in text order with Entity set: the names, and those
// pronouns whose entity is clear.
func Resolve(doc *text.Doc, names []ner.Mention) ([]Entity, []ner.Mention) {
	panic("TODO")
}
