package search

import (
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/pipeline"
)

// Document is what an index holds of a record, besides the record itself: the same for every
// engine, so that the same questions get the same answers. Its lists have no doubles and are in
// text order. A record whose indices or spans are wrong loses what they point to, and no more.
type Document struct {
	Persons, Organisations, Places, Speakers Names
	// Dates are the intervals of the dates mentioned.
	Dates []Interval
	// Values are the TIMEX3 values of the dates mentioned.
	Values   []string
	Mentions []Mention
	Quotes   []Quote
	// Keys and SpeakerKeys are the entities' keys.
	Keys, SpeakerKeys []string
	// Aliases, Roles and Affiliations are the forms, the roles and the organisations of entities; see
	// Labelled.
	Aliases, Roles, Affiliations []string
}

// Names are the names of one kind in a record.
type Names struct {
	// Canonical are the entities' names: what facets count.
	Canonical []string
	// Forms are all names, with every form in which the article has them: what is searched.
	Forms []string
}

// Interval is a half-open stretch of time, with an end after its start.
type Interval struct{ From, To time.Time }

// Mention is an entity of an article.
type Mention struct {
	// Key names the entity within the article: the entity's key, made unique.
	Key string
	// Entity is the index into the record's entities.
	Entity int
	// Forms are as in Names.
	Forms []string
	// Count is the number of its mentions, pronouns included.
	Count int
	// Sentences are where it is mentioned by name, at most MaxSentences.
	Sentences []string
}

// MaxSentences is the most sentences that a Mention keeps.
const MaxSentences = 20

// Quote is a quote of an article.
type Quote struct {
	QuoteHit
	// Speakers are the quote's speaker.
	Speakers Names
}

// NewDocument flattens a record.
func NewDocument(r *pipeline.Record) *Document {
	d := &Document{}
	forms := make([][]string, len(r.Entities))
	keys := map[string]int{}
	allKeys, aliases, roles, affiliations, speakerKeys := &set{}, &set{}, &set{}, &set{}, &set{}
	for i := range r.Entities {
		e := &r.Entities[i]
		m := Mention{Entity: i}
		f := &set{}
		f.addName(e.Name)
		f.addName(e.Acronym)
		sentences, surfaces := &set{}, &set{}
		for _, k := range e.Mentions {
			if k < 0 || k >= len(r.Mentions) {
				continue
			}
			m.Count++
			mention := &r.Mentions[k]
			if mention.Form != ner.Name && mention.Form != ner.Acronym && mention.Form != "" {
				continue
			}
			f.addName(mention.Text)
			surfaces.add(strings.Join(strings.Fields(mention.Text), " "))
			if len(sentences.list) < MaxSentences {
				sentences.add(sentence(r.Text, mention.Start, mention.End))
			}
		}
		forms[i] = f.list
		m.Forms, m.Sentences = f.list, sentences.list
		m.Key = unique(keys, e.Key, e.Type.String()+":"+e.Name)
		allKeys.add(e.Key)
		for _, form := range append([]string{e.Name, e.Acronym}, surfaces.list...) {
			if form != "" && e.Key != "" {
				aliases.add(Labelled(e.Key, form))
			}
		}
		if role := strings.Join(strings.Fields(e.Role), " "); role != "" && e.Key != "" {
			roles.add(Labelled(e.Key, role))
		}
		if of := strings.Join(strings.Fields(e.Affiliation), " "); of != "" && e.Key != "" {
			affiliations.add(Labelled(e.Key, of))
		}
		d.Mentions = append(d.Mentions, m)
	}
	byType := map[ner.Type]*names{ner.Person: {}, ner.Organisation: {}, ner.Place: {}}
	for i := range r.Entities {
		if n := byType[r.Entities[i].Type]; n != nil {
			n.add(r.Entities[i].Name, forms[i])
		}
	}
	d.Persons, d.Organisations, d.Places = byType[ner.Person].names(), byType[ner.Organisation].names(), byType[ner.Place].names()
	speakers := &names{}
	for i := range r.Quotes {
		q := newQuote(r, i, forms)
		for _, c := range q.Speakers.Canonical {
			speakers.canonical.add(c)
		}
		for _, f := range q.Speakers.Forms {
			speakers.forms.add(f)
		}
		speakerKeys.add(q.SpeakerKey)
		d.Quotes = append(d.Quotes, q)
	}
	d.Speakers = speakers.names()
	d.Keys, d.Aliases, d.Roles, d.Affiliations, d.SpeakerKeys = allKeys.list, aliases.list, roles.list, affiliations.list, speakerKeys.list
	values := &set{}
	for i := range r.Dates {
		t := &r.Dates[i]
		values.add(t.Value)
		if !t.From.IsZero() && !t.To.IsZero() && t.To.After(t.From) {
			d.Dates = append(d.Dates, Interval{From: t.From.UTC(), To: t.To.UTC()})
		}
	}
	d.Values = values.list
	return d
}

func newQuote(r *pipeline.Record, i int, forms [][]string) Quote {
	q := Quote{QuoteHit: QuoteHit{
		Article: r.ID, Index: i, URL: r.URL, Title: r.Title, Source: r.Source, Published: r.Published, Quote: r.Quotes[i],
	}}
	s := r.Quotes[i].Speaker
	if s == nil {
		return q
	}
	n := &names{}
	switch e := entity(r, s); {
	case e >= 0:
		n.add(r.Entities[e].Name, forms[e])
		q.Speaker, q.SpeakerKey = r.Entities[e].Name, r.Entities[e].Key
		q.SpeakerType, q.SpeakerRole, q.SpeakerAffiliation = r.Entities[e].Type.String(), r.Entities[e].Role, r.Entities[e].Affiliation
	case s.Expression != nil:
		// "a spokesman" can be searched for, but counting such words as names would mislead.
		n.forms.addName(s.Text)
		q.Speaker = s.Text
	}
	q.Speakers = n.names()
	return q
}

// entity is the index of the speaker's entity, -1 where there is none.
func entity(r *pipeline.Record, s *quote.Speaker) int {
	if s.Entity == nil || *s.Entity < 0 || *s.Entity >= len(r.Entities) {
		return -1
	}
	return *s.Entity
}

// unique is key, or fallback where that is empty, with a number where it has been given out.
func unique(given map[string]int, key, fallback string) string {
	if key == "" {
		key = fallback
	}
	given[key]++
	if n := given[key]; n > 1 {
		return unique(given, key+"-"+strconv.Itoa(n), "")
	}
	return key
}

// labelMark parts a key from what is said of the entity; it is in neither.
const labelMark = "\x1f"

// Labelled joins an entity's key and a form or role of it, as one term of an index.
func Labelled(key, label string) string {
	return key + labelMark + strings.ReplaceAll(label, labelMark, " ")
}

// Label parts what Labelled joined.
func Label(term string) (key, label string) {
	key, label, _ = strings.Cut(term, labelMark)
	return key, label
}

// Cue is a cue as it is searched for.
func Cue(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// set is a list without doubles.
type set struct {
	list []string
	has  map[string]bool
}

func (s *set) add(v string) {
	if v == "" || s.has[v] {
		return
	}
	if s.has == nil {
		s.has = map[string]bool{}
	}
	s.has[v] = true
	s.list = append(s.list, v)
}

// addName adds a name, and an initialism with points without them too: "U.N." is also "UN".
func (s *set) addName(v string) {
	v = strings.Join(strings.Fields(v), " ")
	s.add(v)
	if plain := withoutPoints(v); plain != v {
		s.add(plain)
	}
}

// withoutPoints drops the points of an initialism.
func withoutPoints(v string) string {
	if !strings.Contains(v, ".") || strings.Contains(v, " ") {
		return v
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(v, "."), ".") {
		if len([]rune(part)) != 1 {
			return v
		}
	}
	return strings.ReplaceAll(v, ".", "")
}

// names builds Names.
type names struct{ canonical, forms set }

func (n *names) add(name string, forms []string) {
	n.canonical.add(name)
	for _, f := range forms {
		n.forms.add(f)
	}
}

func (n *names) names() Names { return Names{Canonical: n.canonical.list, Forms: n.forms.list} }

// NameForms are the spellings under which a name asked for is to be searched; any of them may
// match. It is empty where the name holds no letter or digit.
func NameForms(name string) []string {
	if !strings.ContainsFunc(name, isWordRune) {
		return nil
	}
	s := &set{}
	s.addName(name)
	return s.list
}
