package coref

import (
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// affiliations says to which organisation each person belongs, where the article states it beside
// the name: "Acme spokesman John Roe", "Jane Doe of Acme", "Jane Doe, head of Acme", "Acme's Jane Doe".
// members are the mentions of each entity.
func (r *resolver) affiliations(entities []Entity, members [][]int) {
	for e := range entities {
		if entities[e].Type != ner.Person {
			continue
		}
		for n, i := range members[e] {
			if n >= triedForRole {
				break
			}
			if o := r.affiliation(i); o >= 0 && entities[o].Type == ner.Organisation {
				entities[e].Affiliation = entities[o].Name
				break
			}
		}
	}
}

// affiliation is the organisation that the words beside mention i give the person, -1 for none.
func (r *resolver) affiliation(i int) int {
	tokens := r.doc.Tokens
	first, end := r.doc.TokensIn(r.mentions[i].Span)
	if end == 0 || end > len(tokens) {
		return -1
	}
	// "Acme spokesman John Roe", "the head of Acme, Jane Doe,".
	if a, b := r.roleBefore(first); a < b && !past(tokens[a:b]) {
		if o := r.organisationIn(a, b); o >= 0 {
			return o
		}
		// "the president of Acme Jane Doe" goes past the preposition that ends a role.
		if o := r.organisationEnding(a, tokens[a].Sentence); o >= 0 && tokens[a-1].Tag == "POS" {
			return o
		}
	}
	// "Acme's Jane Doe".
	if first > 0 && tokens[first-1].Tag == "POS" {
		if o := r.organisationEnding(first-1, tokens[first].Sentence); o >= 0 {
			return o
		}
	}
	// "Jane Doe, head of Acme,".
	if a, b := r.roleAfter(end); a < b && !past(tokens[a:b]) {
		return r.organisationIn(a, b)
	}
	// "Jane Doe of Acme".
	if end < len(tokens) && tokens[end].Sentence == tokens[end-1].Sentence {
		switch tokens[end].Text {
		case "of", "from", "at", "with":
			k := end + 1
			if k < len(tokens) && strings.EqualFold(tokens[k].Text, "the") {
				k++
			}
			if k < len(tokens) && tokens[k].Sentence == tokens[end].Sentence {
				if o, starts := r.organisationAt(tokens[k].Start); starts {
					return o
				}
			}
		}
	}
	return -1
}

// past reports whether a role is one that the person no longer has.
func past(role []text.Token) bool {
	for i := range role {
		switch strings.ToLower(role[i].Text) {
		case "former", "ex", "then", "late", "formerly", "retired", "onetime":
			return true
		}
	}
	return false
}

// organisationIn is the first organisation that is named in tokens [a, b), -1 for none.
func (r *resolver) organisationIn(a, b int) int {
	from, to := r.doc.Tokens[a].Start, r.doc.Tokens[b-1].End
	for i := r.mentionFrom(from); i < len(r.mentions) && r.mentions[i].End <= to; i++ {
		if r.mentions[i].Type == ner.Organisation {
			return r.mentions[i].Entity
		}
	}
	return -1
}

// organisationAt is the organisation whose name starts at the offset.
func (r *resolver) organisationAt(offset int) (entity int, ok bool) {
	i := r.mentionFrom(offset)
	if i < len(r.mentions) && r.mentions[i].Start == offset && r.mentions[i].Type == ner.Organisation {
		return r.mentions[i].Entity, true
	}
	return -1, false
}

// organisationEnding is the organisation whose name ends right before token t, or before the
// possessive ending that stands there; -1 for none.
func (r *resolver) organisationEnding(t, sentence int) int {
	tokens := r.doc.Tokens
	k := t - 1
	if k >= 0 && tokens[k].Tag == "POS" {
		k--
	}
	if k < 0 || tokens[k].Sentence != sentence {
		return -1
	}
	i := r.mentionFrom(tokens[k].End) - 1
	if i >= 0 && r.mentions[i].End == tokens[k].End && r.mentions[i].Type == ner.Organisation {
		return r.mentions[i].Entity
	}
	return -1
}

// mentionFrom is the first mention that starts at the offset or after it.
func (r *resolver) mentionFrom(offset int) int {
	return sort.Search(len(r.mentions), func(i int) bool { return r.mentions[i].Start >= offset })
}
