package corrections

import (
	"slices"
	"strings"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/pipeline"
)

// Set is corrections, made ready to be applied. It does not change; nil corrects nothing.
type Set struct {
	list    []Correction
	gone    map[string]bool
	becomes map[string]named
	// speakers are who did not say a quote: by article, words and the speaker's key.
	speakers map[[3]string]bool
}

// named is an entity's identity.
type named struct {
	Type ner.Type
	Name string
	Key  string
}

// NewSet makes a set. Of corrections that lead from one entity to the next, the last is what counts;
// a circle leads nowhere.
func NewSet(list []Correction) *Set {
	s := &Set{list: list, gone: map[string]bool{}, becomes: map[string]named{}, speakers: map[[3]string]bool{}}
	direct := map[string]named{}
	for i := range list {
		c := &list[i]
		switch c.Kind {
		case NotAName:
			s.gone[c.Key] = true
		case WrongType:
			direct[c.Key] = named{c.Type, c.Name, c.Target()}
		case SameAs:
			direct[c.Key] = named{c.Type, c.To, c.Target()}
		case NotTheSpeaker:
			s.speakers[[3]string{c.Article, words(c.Quote), c.Key}] = true
		}
	}
	for from, to := range direct {
		for range direct {
			next, ok := direct[to.Key]
			if !ok {
				break
			}
			to = next
		}
		if to.Key != from {
			s.becomes[from] = to
		}
	}
	return s
}

// words are a quote's, whatever the white space between them.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// Len is the number of corrections.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.list)
}

// List are the corrections.
func (s *Set) List() []Correction {
	if s == nil {
		return nil
	}
	return s.list
}

// Entity is what an entity becomes; ok is false where it is no name.
func (s *Set) Entity(t ner.Type, name, key string) (ner.Type, string, string, bool) {
	if s == nil {
		return t, name, key, true
	}
	if to, ok := s.becomes[key]; ok {
		t, name, key = to.Type, to.Name, to.Key
	}
	return t, name, key, !s.gone[key]
}

// Keys are all keys that stand for the entity of the key, itself first.
func (s *Set) Keys(key string) []string {
	out := []string{key}
	if s == nil {
		return out
	}
	for from, to := range s.becomes {
		if to.Key == key && !slices.Contains(out, from) {
			out = append(out, from)
		}
	}
	slices.Sort(out[1:])
	return out
}

// Said reports whether a quote may be of the speaker of the key, as it was extracted or as it is
// corrected.
func (s *Set) Said(article, text, key string) bool {
	if s == nil {
		return true
	}
	said := [3]string{article, words(text), key}
	if s.speakers[said] {
		return false
	}
	said[2] = s.becomes[key].Key
	return said[2] == "" || !s.speakers[said]
}

// Apply is the record as corrected. What it was given stays as it is.
func (s *Set) Apply(r *pipeline.Record) *pipeline.Record {
	if s.Len() == 0 {
		return r
	}
	out := *r
	out.Analysis = *s.Analysis(r.ID, &r.Analysis)
	return &out
}

// Analysis is an article's analysis as corrected.
func (s *Set) Analysis(article string, x *extractor.Analysis) *extractor.Analysis {
	if s.Len() == 0 {
		return x
	}
	out := *x
	out.Entities, out.Mentions, out.Quotes = []coref.Entity{}, []ner.Mention{}, []quote.Quote{}
	// Entities first: where each goes, -1 where it is none.
	to := make([]int, len(x.Entities))
	at := map[string]int{}
	for i := range x.Entities {
		e := x.Entities[i]
		t, name, key, ok := s.Entity(e.Type, e.Name, e.Key)
		if !ok {
			to[i] = -1
			continue
		}
		if n, known := at[key]; known && key != "" {
			to[i] = n
			e.Affiliation = s.Affiliation(e.Affiliation)
			merge(&out.Entities[n], &e)
			continue
		}
		changed := key != e.Key
		e.ID, e.Type, e.Name, e.Key, e.Mentions = len(out.Entities), t, name, key, []int{}
		if changed && t != ner.Person {
			e.Role, e.Affiliation = "", ""
		}
		e.Affiliation = s.Affiliation(e.Affiliation)
		to[i] = e.ID
		at[key] = e.ID
		out.Entities = append(out.Entities, e)
	}
	for i := range x.Mentions {
		m := x.Mentions[i]
		if m.Entity < 0 || m.Entity >= len(to) || to[m.Entity] < 0 {
			continue
		}
		m.Entity = to[m.Entity]
		e := &out.Entities[m.Entity]
		m.Type = e.Type
		e.Mentions = append(e.Mentions, len(out.Mentions))
		out.Mentions = append(out.Mentions, m)
	}
	for i := range x.Quotes {
		q := x.Quotes[i]
		q.Speaker = s.speaker(article, x, &q, to)
		out.Quotes = append(out.Quotes, q)
	}
	return &out
}

// merge adds to an entity what another article's name of it tells.
func merge(e, other *coref.Entity) {
	if e.Acronym == "" {
		e.Acronym = other.Acronym
	}
	if e.Role == "" && e.Type == ner.Person {
		e.Role = other.Role
	}
	if e.Affiliation == "" && e.Type == ner.Person {
		e.Affiliation = other.Affiliation
	}
}

// Affiliation is an organisation's name as corrected; empty where it is none.
func (s *Set) Affiliation(name string) string {
	if name == "" {
		return ""
	}
	t, right, _, ok := s.Entity(ner.Organisation, name, coref.Key(ner.Organisation, name))
	if !ok || t != ner.Organisation {
		return ""
	}
	return right
}

// speaker is a quote's as corrected.
func (s *Set) speaker(article string, x *extractor.Analysis, q *quote.Quote, to []int) *quote.Speaker {
	if q.Speaker == nil {
		return nil
	}
	key := ""
	entity := q.Speaker.Entity
	if entity != nil && *entity >= 0 && *entity < len(to) {
		key = x.Entities[*entity].Key
	} else {
		entity = nil
	}
	if !s.Said(article, q.Text, key) {
		return nil
	}
	out := *q.Speaker
	out.Entity = nil
	if entity != nil && to[*entity] >= 0 {
		n := to[*entity]
		out.Entity = &n
	}
	if out.Entity == nil && out.Expression == nil {
		return nil
	}
	return &out
}

// Dictionary is what the next extraction is to know of names, as ner.ReadDictionary reads it: names
// that are none, and names of another type.
func (s *Set) Dictionary() string {
	var b strings.Builder
	for _, c := range s.List() {
		if strings.HasPrefix(c.Name, "#") {
			continue // would be a comment
		}
		switch c.Kind {
		case NotAName:
			b.WriteString(c.Name + "\tstop\n")
		case WrongType:
			b.WriteString(c.Name + "\t" + c.Type.String() + "\n")
		}
	}
	return b.String()
}
