package pipelinetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
)

// News invents articles that are like news to an index: some 350 words each, of a vocabulary whose
// frequencies fall as Zipf says; a dozen names, of which few are everywhere and most are nearly
// nowhere; dates around the publication; a few quotes. The same seed gives the same articles.
type News struct {
	r       *rand.Rand
	word    *rand.Zipf
	name    *rand.Zipf
	words   []string
	people  []string
	orgs    []string
	places  []string
	sources []string
}

// NewNews starts with a seed.
func NewNews(seed uint64) *News {
	r := rand.New(rand.NewPCG(seed, 1))
	n := &News{r: r, word: rand.NewZipf(r, 1.1, 4, 29_999), name: rand.NewZipf(r, 1.15, 8, 19_999)}
	seen := map[string]bool{}
	fresh := func(make func() string) string {
		for {
			if s := make(); !seen[s] {
				seen[s] = true
				return s
			}
		}
	}
	syllables := strings.Fields("ba be bo da de di ga go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi za zo sha tri gran stel mor dun")
	sound := func(least, most int) string {
		var b strings.Builder
		for range least + r.IntN(most-least+1) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		return b.String()
	}
	title := func(s string) string { return string(unicode.ToUpper(rune(s[0]))) + s[1:] }
	for range 30_000 {
		n.words = append(n.words, fresh(func() string { return sound(1, 4) }))
	}
	for range 20_000 {
		n.people = append(n.people, fresh(func() string { return title(sound(2, 3)) + " " + title(sound(2, 4)) }))
		n.orgs = append(n.orgs, fresh(func() string {
			return title(sound(2, 3)) + " " + []string{"Council", "Union", "Ltd", "Party", "Bank", "Ministry", "Trust"}[r.IntN(7)]
		}))
		n.places = append(n.places, fresh(func() string { return title(sound(2, 4)) }))
	}
	for i := range 60 {
		n.sources = append(n.sources, fmt.Sprintf("%s %s", title(n.words[i*7]), []string{"Wire", "Post", "Times"}[i%3]))
	}
	return n
}

// Word is one of the vocabulary: 0 is the most frequent of 30,000.
func (n *News) Word(rank int) string { return n.words[rank] }

// Person is a name: 0 is the most frequent of 20,000.
func (n *News) Person(rank int) string { return n.people[rank] }

// Organisation is as Person.
func (n *News) Organisation(rank int) string { return n.orgs[rank] }

// Place is as Person.
func (n *News) Place(rank int) string { return n.places[rank] }

// Source is one of 60.
func (n *News) Source(i int) string { return n.sources[i] }

// First is when the first of the articles may be published; the last is five years later.
var First = day("2020-01-01")

// Record is the next article.
func (n *News) Record(i int) pipeline.Record {
	published := First.AddDate(0, 0, n.r.IntN(5*365))
	d := newDraft(fmt.Sprintf("news-%07d", i), n.sentence(6), n.sources[n.r.IntN(len(n.sources))], published.Format(time.DateOnly))
	speakers := []string{}
	for range 6 + n.r.IntN(5) {
		for range 2 + n.r.IntN(3) {
			d.text(n.sentence(8 + n.r.IntN(6)))
			switch n.r.IntN(6) {
			case 0, 1:
				name := n.people[n.name.Uint64()]
				d.name(ner.Person, name, "")
				d.x.Entities[d.byName[name]].Role = []string{"", "", "minister", "the union's president", "chief engineer"}[n.r.IntN(5)]
				speakers = append(speakers, name)
			case 2:
				d.name(ner.Organisation, n.orgs[n.name.Uint64()], "")
			case 3:
				d.name(ner.Place, n.places[n.name.Uint64()], "")
			}
			d.text(" ")
		}
		if n.r.IntN(2) == 0 {
			from := published.AddDate(0, 0, n.r.IntN(60)-40)
			d.date(from.Format("2 January"), from.Format(time.DateOnly), from, from.AddDate(0, 0, 1)).text(". ")
		}
		if n.r.IntN(2) == 0 && len(speakers) > 0 {
			d.quote(n.sentence(10+n.r.IntN(14)), speakers[n.r.IntN(len(speakers))])
		}
		d.text("\n\n")
	}
	return d.record()
}

// sentence is so many words.
func (n *News) sentence(words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(n.words[n.word.Uint64()])
	}
	b.WriteString(". ")
	return b.String()
}
