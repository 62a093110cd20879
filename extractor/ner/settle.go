package ner

import (
	"slices"
	"strings"
)

// votes holds, for each name of an article, what its mentions are taken for.
type votes map[string]vote

type vote struct {
	// sum is the sum of scores by type; best the greatest score of a mention of just this name, or of
	// a longer name that begins or ends with it.
	sum, best [len(typeNames)]float64
}

// All of these were chosen, or measured, on the development sets.
const (
	// A person's full name says this much more of who the surname is than the surname alone.
	fullName = 3
	// The share of names that are right among those whose type was settled.
	settled = 0.75
	// The score under which a name that nothing else in the article supports is left out: one more
	// likely wrong than right costs more than it brings.
	doubtful = 0.35
)

// settle looks at the mentions of an article together. It makes those of one name agree whether it is
// a person's: a surname that its sentence leaves open is the person who was named in full elsewhere; initialisms are none.
// Organisations and places may share a name (a club and its town), and are left as they are. Then it
// leaves out doubtful names, but for those that stand elsewhere in the article with less doubt, alone,
// at the ends of a longer name, or as their first word.
func (v *votes) settle(doc string, mentions []Mention) []Mention {
	if *v == nil {
		*v = votes{}
	}
	for i := range mentions {
		m := &mentions[i]
		v.add(m.Text, m.Type, m.Score, m.Score)
		first := strings.IndexByte(m.Text, ' ')
		if first < 0 {
			continue
		}
		last := strings.LastIndexByte(m.Text, ' ')
		weight := 0.0
		if m.Type == Person {
			weight = fullName * m.Score
		}
		v.add(m.Text[:first], m.Type, 0, m.Score)
		v.add(m.Text[last+1:], m.Type, weight, m.Score)
		if second := strings.IndexByte(m.Text[first+1:], ' '); second >= 0 {
			v.add(m.Text[:first+1+second], m.Type, 0, m.Score)
		}
	}
	for i := range mentions {
		m := &mentions[i]
		n := (*v)[m.Text].sum
		to := m.Type
		switch {
		case m.Type != Person && m.Form != Acronym && n[Person] > n[Organisation]+n[Place]:
			to = Person
		case m.Type == Person && n[Organisation] > max(n[Person], n[Place]):
			to = Organisation
		case m.Type == Person && n[Place] > max(n[Person], n[Organisation]):
			to = Place
		}
		if to != m.Type {
			m.Type, m.Score = to, settled
		}
	}
	// A name and its initialism in brackets support each other.
	for i := range mentions[:max(len(mentions)-1, 0)] {
		a, b := &mentions[i], &mentions[i+1]
		if b.Form == Acronym && a.Type == b.Type && doc[a.End:b.Start] == " (" && strings.HasPrefix(doc[b.End:], ")") {
			both := max((*v)[a.Text].best[a.Type], (*v)[b.Text].best[a.Type])
			v.add(a.Text, a.Type, 0, both)
			v.add(b.Text, a.Type, 0, both)
		}
	}
	mentions = slices.DeleteFunc(mentions, func(m Mention) bool {
		first, _, _ := strings.Cut(m.Text, " ")
		return m.Score < doubtful && (*v)[m.Text].best[m.Type] < doubtful && (*v)[first].best[m.Type] < doubtful
	})
	clear(*v) // keeps no text alive
	return mentions
}

func (v *votes) add(name string, t Type, score, best float64) {
	n := (*v)[name]
	n.sum[t] += score
	n.best[t] = max(n.best[t], best)
	(*v)[name] = n
}
