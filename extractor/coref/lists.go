package coref

import (
	_ "embed"
	"strings"
	"sync"
)

// The lists' origins and licences are in data/SOURCES.md.
var (
	//go:embed data/places.tsv
	placesTSV string
	//go:embed data/generic_places.tsv
	genericPlacesTSV string
	//go:embed data/legal_forms.tsv
	legalFormsTSV string
	//go:embed data/nicknames.tsv
	nicknamesTSV string
	//go:embed data/given_names.tsv
	givenNamesTSV string
	//go:embed data/roles.tsv
	rolesTSV string
	//go:embed data/headings.tsv
	headingsTSV string
)

var lists = sync.OnceValue(func() *wordLists {
	l := &wordLists{places: map[string]string{}, generic: map[string]bool{}, legal: map[string]bool{}, nick: map[string]string{}, given: map[string]gender{}, roles: map[string]bool{}, headings: map[string]bool{}}
	rows(placesTSV, func(c []string) {
		for _, n := range c {
			if n != "" {
				l.places[n] = c[0]
			}
		}
	})
	rows(genericPlacesTSV, func(c []string) { l.generic[c[0]] = true })
	rows(legalFormsTSV, func(c []string) { l.legal[c[0]] = true })
	rows(headingsTSV, func(c []string) { l.headings[c[0]] = true })
	rows(rolesTSV, func(c []string) { l.roles[c[0]] = true })
	rows(nicknamesTSV, func(c []string) { l.nick[c[0]] = c[1] })
	rows(givenNamesTSV, func(c []string) {
		g := man
		if c[0] == "f" {
			g = woman
		}
		for _, n := range strings.Fields(c[1]) {
			l.given[n] = g
		}
	})
	return l
})

// wordLists are read once and never change.
type wordLists struct {
	places  map[string]string // normalised name -> normalised canonical name
	generic map[string]bool
	legal   map[string]bool
	nick    map[string]string // short given name -> long
	given   map[string]gender
	roles   map[string]bool
	// headings are words that a colon follows and no speech: "note".
	headings map[string]bool
}

// rows calls yield with the cells of each line of a TSV file that is no comment.
func rows(tsv string, yield func(cells []string)) {
	for line := range strings.Lines(tsv) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && line[0] != '#' {
			yield(strings.Split(line, "\t"))
		}
	}
}

func canonicalPlace(words []string) string {
	s := strings.Join(words, " ")
	if c, ok := lists().places[s]; ok {
		return c
	}
	// "the State of Virginia" is Virginia.
	if len(words) > 2 && words[1] == "of" && (words[0] == "state" || words[0] == "commonwealth") {
		return canonicalPlace(words[2:])
	}
	return s
}

func genericPlace(word string) bool { return lists().generic[word] }

func nickname(word string) string { return lists().nick[word] }

func givenGender(name string) gender { return lists().given[fold(name)] }

// withoutLegalForm drops the words of a company's legal form, and "group", at its end.
func withoutLegalForm(words []string) []string {
	n := len(words)
	for n > 1 && lists().legal[words[n-1]] {
		n--
	}
	if n > 1 && words[n-1] == "and" { // "& Co."
		n--
	}
	return words[:n]
}

// withoutCountry drops a leading "US" or "UK".
func withoutCountry(words []string) []string {
	if len(words) > 2 && (words[0] == "us" || words[0] == "uk") {
		return words[1:]
	}
	return words
}
