package quote

import (
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
)

// nominalReach bounds, in mentions, how far back a common noun looks for its entity.
const nominalReach = 60

// common is the entity that a noun phrase without a name refers back to: "the company", "the
// commissioner"; -1 where that is not clear.
func (u *unit) common(first, end int) int {
	core := first
	for core < end && (u.items[core].kind != word || !linking(u.items[core].low)) {
		core++
	}
	for i := first; i < end; i++ {
		if u.items[i].kind == name {
			// "the Acme professor": whoever is introduced by the noun.
			if det := u.items[first].low; core == end && i < core-1 && u.items[core-1].kind == word && (det == "the" || det == "this") && !u.personAt(i) {
				return u.f.titled(u.items[core-1].low, u.mentionsBefore(first))
			}
			return -1
		}
	}
	if core == first || core < end {
		return -1
	}
	if is(u.items[core-1].low, document) && first > 2 && !u.prepositional(first) {
		// "They released a statement which said": theirs.
		if f, e, h := u.mainSubject(first - 1); f >= 0 && e < first {
			if m := u.mentionAt(h); m >= 0 {
				return u.f.mentions[m].Entity
			}
		}
	}
	det := u.items[first].low
	if det == "a" || det == "an" || det == "another" || det == "one" || det == "some" || u.items[first].tag == "CD" {
		return -1
	}
	kind := u.items[core-1].low
	m := u.mentionsBefore(first)
	if det == "the" || det == "this" {
		if e := u.f.titled(kind, m); e >= 0 {
			return e
		}
	}
	if is(kind, document) {
		return u.f.issuer(m, u.f.doc.Tokens[u.items[first].first].Sentence, det == "the" || det == "this" || u.items[first].tag == "PRP$" || core-first == 1)
	}
	if !is(kind, body|firm) {
		return -1
	}
	if e := u.f.containing(kind, m); e >= 0 {
		return e
	}
	if det != "the" || !is(kind, firm) {
		return -1
	}
	return u.f.salient(m)
}

// mentionsBefore is how many of the article's mentions stand before item i.
func (u *unit) mentionsBefore(i int) int {
	start := u.f.doc.Tokens[u.items[i].first].Start
	return sort.Search(len(u.f.mentions), func(i int) bool { return u.f.mentions[i].Start >= start })
}

// titled is the person last mentioned before mention m whom the article introduces by the noun.
func (f *finder) titled(noun string, m int) int {
	for k := m - 1; k >= 0 && k >= m-nominalReach; k-- {
		if e := &f.entities[f.mentions[k].Entity]; e.Type == ner.Person && e.Titled(noun) {
			return e.ID
		}
	}
	return -1
}

// issuer is who issued the document that is spoken of before mention m: the organisation, or the
// person whose document it is, mentioned last in the sentences before.
func (f *finder) issuer(m, here int, definite bool) int {
	if !definite {
		return -1
	}
	const sentences = 4
	for k := m - 1; k >= 0 && k >= m-nominalReach && here-f.sentenceOf(k) <= sentences; k-- {
		if e := &f.entities[f.mentions[k].Entity]; e.Type == ner.Organisation {
			return e.ID
		}
	}
	return -1
}

func (f *finder) sentenceOf(m int) int {
	t := f.doc.TokenAt(f.mentions[m].Start)
	if t >= len(f.doc.Tokens) {
		return len(f.doc.Sentences)
	}
	return f.doc.Tokens[t].Sentence
}

// containing is the organisation last mentioned before m whose name has the noun in it.
func (f *finder) containing(noun string, m int) int {
	for k := m - 1; k >= 0 && k >= m-nominalReach; k-- {
		e := &f.entities[f.mentions[k].Entity]
		if e.Type == ner.Organisation && hasWord(strings.ToLower(e.Name), noun) {
			return e.ID
		}
	}
	return -1
}

func hasWord(s, w string) bool {
	for {
		i := strings.Index(s, w)
		if i < 0 {
			return false
		}
		if (i == 0 || s[i-1] == ' ') && (i+len(w) == len(s) || s[i+len(w)] == ' ') {
			return true
		}
		s = s[i+len(w):]
	}
}

// salient is the organisation that the article talks about before mention m: the one mentioned
// most, of equals the last.
func (f *finder) salient(m int) int {
	best, most := -1, 0
	for k := m - 1; k >= 0 && k >= m-nominalReach; k-- {
		e := &f.entities[f.mentions[k].Entity]
		if e.Type == ner.Organisation && len(e.Mentions) > most {
			best, most = e.ID, len(e.Mentions)
		}
	}
	return best
}
