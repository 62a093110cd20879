// Package coref groups an article's mentions into entities: one for each person, organisation or
// place of the real world.
//
// It works in sieves, surest first, as Raghunathan et al. (EMNLP 2010) do for coreference at
// large: equal strings; initialisms defined in brackets; legal forms and country names; letters of
// initialisms; short forms; other names that the article gives a person ("also known as"); then, mention by
// mention, surnames that several people share; at last pronouns. Every sieve looks names up by a word or by letters, so that the work is linear in the
// number of names.
package coref

import (
	"sort"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Entity is a thing of the real world that an article mentions.
type Entity struct {
	// ID is the entity's index among the article's entities.
	ID   int      `json:"id"`
	Type ner.Type `json:"type"`
	// Name is the fullest form in the article; of a person or a place that stands there in capitals alone
	// ("NAIROBI, 12 March"), as it would stand in a sentence ("Nairobi").
	Name string `json:"name"`
	// Acronym is the initialism that the article uses for it, if any.
	Acronym string `json:"acronym,omitempty"`
	// Role is the words that introduce a person ("KNU spokesperson"), if any.
	Role string `json:"role,omitempty"`
	// Affiliation is the name of the organisation that a person is said to belong to, if any.
	Affiliation string `json:"affiliation,omitempty"`
	// Key is equal across articles for the same name and type: "person:padoh-saw-taw-nee".
	Key string `json:"key"`
	// Mentions are indices into the article's mentions, in text order.
	Mentions []int `json:"mentions"`

	titles []string
}

// Titled reports whether the article introduces the person by this noun, in lower case
// ("minister").
func (e *Entity) Titled(noun string) bool {
	for _, t := range e.titles {
		if t == noun {
			return true
		}
	}
	return false
}

// Resolve groups names, as a ner.Finder returns them, into entities. It returns the entities in
// order of first mention, and all mentions in text order with Entity set: the names, and those
// pronouns whose entity is clear.
func Resolve(doc *text.Doc, names []ner.Mention) ([]Entity, []ner.Mention) {
	mentions := append([]ner.Mention(nil), names...)
	r := newResolver(doc, mentions)
	r.cluster()
	entities := r.entities()
	mentions = resolvePronouns(doc, entities, mentions)
	for i := range entities {
		entities[i].Mentions = nil
	}
	for i := range mentions {
		e := &entities[mentions[i].Entity]
		e.Mentions = append(e.Mentions, i)
	}
	return entities, mentions
}

// form is all mentions of one type with one normalised surface.
type form struct {
	typ      ner.Type
	words    []string // normalised; see normalise
	surface  string   // the first mention's
	mentions []int
	parent   int // union-find; the form's own index at the root
	// acronym holds the letters of an initialism, upper case; empty for other names.
	acronym string
}

// resolver is the state of one Resolve.
type resolver struct {
	doc      *text.Doc
	mentions []ner.Mention
	forms    []form
	formOf   []int // mention -> form
	// own gives the root of mentions of an ambiguous form, which differ from the form's; -1 else.
	own []int
	// long is longForms' index, built once initialisms are joined.
	long map[string][]int
}

func newResolver(doc *text.Doc, mentions []ner.Mention) *resolver {
	r := &resolver{doc: doc, mentions: mentions, formOf: make([]int, len(mentions)), own: make([]int, len(mentions))}
	byKey := make(map[string]int, len(mentions))
	types := settleTypes(mentions)
	for i := range mentions {
		m := &mentions[i]
		m.Type = types[i]
		words := normalise(m.Text, m.Type)
		key := formKey(m.Type, words)
		f, ok := byKey[key]
		if !ok {
			f = len(r.forms)
			byKey[key] = f
			r.forms = append(r.forms, form{typ: m.Type, words: words, surface: m.Text, parent: f})
			if m.Type == ner.Organisation || !shouted(m.Text) {
				r.forms[f].acronym = letters(m.Text)
			}
		}
		r.forms[f].mentions = append(r.forms[f].mentions, i)
		r.formOf[i] = f
		r.own[i] = -1
		if m.Form == "" || m.Form == ner.Name || m.Form == ner.Acronym {
			m.Form = ner.Name
			if r.forms[f].acronym != "" {
				m.Form = ner.Acronym
			}
		}
	}
	return r
}

// cluster runs the sieves over names.
func (r *resolver) cluster() {
	r.definitions()
	r.places()
	r.organisations()
	r.people()
}

// root is the representative of a form's cluster.
func (r *resolver) root(f int) int {
	for r.forms[f].parent != f {
		r.forms[f].parent = r.forms[r.forms[f].parent].parent
		f = r.forms[f].parent
	}
	return f
}

// union joins two clusters; the one that is mentioned first keeps its root.
func (r *resolver) union(a, b int) {
	a, b = r.root(a), r.root(b)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	r.forms[b].parent = a
}

// entities builds the entities in order of first mention and sets the mentions' Entity.
func (r *resolver) entities() []Entity {
	var out []Entity
	at := make(map[int]int, len(r.forms))
	members := [][]int{}
	for i := range r.mentions {
		root := r.own[i]
		if root < 0 {
			root = r.root(r.formOf[i])
		}
		e, ok := at[root]
		if !ok {
			e = len(out)
			at[root] = e
			out = append(out, Entity{ID: e})
			members = append(members, nil)
		}
		members[e] = append(members[e], i)
		r.mentions[i].Entity = e
	}
	for e := range out {
		r.describe(&out[e], members[e])
	}
	r.affiliations(out, members)
	return out
}

// describe fills in an entity from its mentions.
func (r *resolver) describe(e *Entity, members []int) {
	counts := [4]int{}
	type surface struct {
		text     string
		n, first int
	}
	var names, acronyms []surface
	index := map[string]int{}
	for _, i := range members {
		m := &r.mentions[i]
		counts[m.Type&3]++
		list := &names
		if m.Form == ner.Acronym {
			list = &acronyms
		}
		k, ok := index[m.Text]
		if !ok {
			k = len(*list)
			index[m.Text] = k
			*list = append(*list, surface{text: m.Text, first: i})
		}
		(*list)[k].n++
	}
	e.Type = r.mentions[members[0]].Type
	for t, n := range counts {
		if t > 0 && n > counts[e.Type&3] {
			e.Type = ner.Type(t)
		}
	}
	for _, i := range members {
		r.mentions[i].Type = e.Type
	}
	byUse := func(s []surface) func(i, j int) bool {
		return func(i, j int) bool {
			if s[i].n != s[j].n {
				return s[i].n > s[j].n
			}
			return s[i].first < s[j].first
		}
	}
	sort.SliceStable(acronyms, byUse(acronyms))
	sort.SliceStable(names, byUse(names))
	if len(names) > 0 {
		e.Name = names[0].text
		best := fullness(names[0].text)
		for _, s := range names[1:] {
			if f := fullness(s.text); f > best || f == best && shouted(e.Name) && !shouted(s.text) {
				best, e.Name = f, s.text
			}
		}
		if e.Type != ner.Organisation && shouted(e.Name) {
			e.Name = spoken(e.Name)
		}
		if len(acronyms) > 0 {
			e.Acronym = acronyms[0].text
		}
	} else {
		e.Name = acronyms[0].text
		for _, s := range acronyms[1:] {
			if len(s.text) > len(e.Name) {
				e.Name = s.text
			}
		}
	}
	e.Key = Key(e.Type, e.Name)
	if e.Type == ner.Person {
		e.Role, e.titles = r.role(members)
	}
}
