// Package cue is the lexicon of the verbs that report speech.
package cue

import (
	_ "embed"
	"strings"
	"sync"
)

// Class says what a verb of speaking takes. A verb may be of several classes.
type Class uint8

// The classes.
const (
	Say    Class = 1 << iota // a clause or a quotation: "said", "announced"
	Direct                   // a quotation only: "shouted", "continued"
	Call                     // a few words: "called", "condemned"
	Urge                     // the one addressed, then the message: "urged", "told"
	Show                     // what documents do: "showed", "found"
	Think                    // inner speech: "believes"
	Commit                   // what somebody will do or not do: "vowed to"
	Hold                     // what somebody stands for or speaks about: "endorsed", "discussed"
)

// Tense is a verb form's.
type Tense uint8

// The forms that matter: a participle has its subject elsewhere.
const (
	Base  Tense = iota // say
	Third              // says
	Past               // said
	Part               // given, written; equal to Past for regular verbs, which are listed as Past
	Ing                // saying
)

// Verb is one form of a verb of speaking.
type Verb struct {
	Lemma string
	Class Class
	Tense Tense
}

// The list's origin is in data/SOURCES.md.
//
//go:embed data/verbs.tsv
var verbsTSV string

var classes = map[string]Class{"say": Say, "direct": Direct, "call": Call, "urge": Urge, "show": Show, "think": Think, "commit": Commit, "hold": Hold}

var verbs = sync.OnceValue(func() map[string]Verb {
	m := map[string]Verb{}
	for line := range strings.Lines(verbsTSV) {
		if line[0] == '#' {
			continue
		}
		cells := strings.Split(strings.TrimSpace(line), "\t")
		var class Class
		for _, c := range strings.Fields(cells[1]) {
			class |= classes[c]
		}
		for _, f := range strings.Fields(cells[2]) {
			v := Verb{Lemma: cells[0], Class: class, Tense: Past}
			switch {
			case f == cells[0]:
				v.Tense = Base
			case strings.HasSuffix(f, "ing"):
				v.Tense = Ing
			case strings.HasSuffix(f, "s"):
				v.Tense = Third
			case strings.HasSuffix(f, "en") || f == "begun" || f == "sung" || f == "sworn" || f == "shown" || f == "known":
				v.Tense = Part
			}
			if old, ok := m[f]; ok {
				v.Class |= old.Class
			}
			m[f] = v
		}
	}
	return m
})

// Particle is the word without which a verb's form says nothing ("pointed out", "put it"); empty for most.
func (v Verb) Particle() string {
	switch v.Lemma {
	case "point":
		return "out"
	case "put":
		return "it"
	}
	return ""
}

// Lookup gives the verb of speaking that a word, in lower case, is a form of.
func Lookup(word string) (Verb, bool) {
	v, ok := verbs()[word]
	return v, ok && v.Class != Hold
}

// Stance gives the verb that a word, in lower case, is a form of, if it tells what somebody stands
// for or speaks about and is no verb of speaking.
func Stance(word string) (Verb, bool) {
	v, ok := verbs()[word]
	return v, ok && v.Class == Hold
}
