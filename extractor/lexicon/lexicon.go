// Package lexicon holds the word lists that several stages read. Each is a file under data/, a
// word or phrase a line, lines that open with # say what it is; SOURCES.md gives origin and
// licence. The lists are read once, on first use, and are immutable.
package lexicon

import (
	_ "embed"
	"iter"
	"maps"
	"strings"
	"sync"
)

// Set is a list of words and phrases in lower case.
type Set struct{ words map[string]struct{} }

// Has reports whether the list has the word, which must be in lower case.
func (s *Set) Has(lower string) bool {
	_, ok := s.words[lower]
	return ok
}

// All gives the words, in no order.
func (s *Set) All() iter.Seq[string] { return maps.Keys(s.words) }

// Len is the number of words.
func (s *Set) Len() int { return len(s.words) }

// parse reads a file of words.
func parse(file string) *Set {
	s := &Set{words: map[string]struct{}{}}
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			s.words[strings.ToLower(line)] = struct{}{}
		}
	}
	return s
}

var (
	//go:embed data/personal_titles.tsv
	personalTitles string
	//go:embed data/sport_words.tsv
	sportWords string
	//go:embed data/former_states.tsv
	formerStates string
)

// PersonalTitles are the words of address and rank that stand before a person's name and are no
// part of it: "Mr", "Dr.", "Senator". Abbreviations stand with and without their full stop.
var PersonalTitles = sync.OnceValue(func() *Set { return parse(personalTitles) })

// SportWords are words that sport reports use and other news hardly does.
var SportWords = sync.OnceValue(func() *Set { return parse(sportWords) })

// FormerStates are states of the past that news still names.
func FormerStates() []string {
	var out []string
	for line := range strings.Lines(formerStates) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}
