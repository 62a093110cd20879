package pipelinetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// plainSearcher answers by looking at every record. It is what engines are compared with: slow, and
// short enough to be seen to be right. It sorts by time only.
type plainSearcher struct {
	records   []pipeline.Record
	documents map[string]*search.Document
}

// document flattens a record once.
func (p *plainSearcher) document(r *pipeline.Record) *search.Document {
	if p.documents == nil {
		p.documents = map[string]*search.Document{}
	}
	d := p.documents[r.ID]
	if d == nil {
		d = search.NewDocument(r)
		p.documents[r.ID] = d
	}
	return d
}

func (p *plainSearcher) Search(_ context.Context, q search.Query) (*search.Results, error) {
	var hits []search.Hit
	facets := newTally(q)
	for _, r := range p.records {
		d := p.document(&r)
		if !articleMatches(q, &r, d) || !speakersMatch(q, d.Speakers, d.SpeakerKeys) || !wordsMatch(q, r.Text) {
			continue
		}
		hits = append(hits, search.Hit{Record: r, Snippets: search.Snippets(r.Text, q.Clauses(), 3)})
		facets.count(&r, d, d.Speakers)
	}
	slices.SortFunc(hits, func(a, b search.Hit) int {
		return cmp.Or(newestFirst(a.Record.Published, b.Record.Published), strings.Compare(a.Record.ID, b.Record.ID))
	})
	if q.Fold {
		stories := map[string]int{}
		for _, h := range hits {
			stories[h.Record.Cluster]++
		}
		hits = once(hits, func(h search.Hit) string { return h.Record.Cluster })
		for i := range hits {
			hits[i].Copies = stories[hits[i].Record.Cluster] - 1
		}
	}
	return &search.Results{Total: len(hits), Hits: page(q, hits), Facets: facets.most()}, nil
}

// once keeps of the hits with one key the first.
func once[T any](hits []T, key func(T) string) []T {
	seen := map[string]bool{}
	var out []T
	for _, h := range hits {
		if k := key(h); !seen[k] {
			seen[k] = true
			out = append(out, h)
		}
	}
	return out
}

func (p *plainSearcher) Quotes(_ context.Context, q search.Query) (*search.QuoteResults, error) {
	var hits []search.QuoteHit
	facets := newTally(q)
	for _, r := range p.records {
		d := p.document(&r)
		for _, quote := range d.Quotes {
			if !wordsMatch(q, quote.Quote.Text) || !articleMatches(q, &r, d) || !quoteMatches(q, &quote) ||
				!speakersMatch(q, quote.Speakers, []string{quote.SpeakerKey}) {
				continue
			}
			hit := quote.QuoteHit
			hit.Snippets = search.Snippets(hit.Quote.Text, q.Clauses(), 3)
			hits = append(hits, hit)
			facets.count(&r, d, quote.Speakers)
		}
	}
	slices.SortFunc(hits, func(a, b search.QuoteHit) int {
		return cmp.Or(newestFirst(a.Published, b.Published), strings.Compare(a.Article, b.Article), cmp.Compare(a.Index, b.Index))
	})
	if q.Fold {
		of := map[string]string{}
		for _, r := range p.records {
			of[r.ID] = r.Cluster
		}
		hits = once(hits, func(h search.QuoteHit) string {
			return of[h.Article] + " " + strings.Trim(plainWords(h.Quote.Text), " ")
		})
	}
	return &search.QuoteResults{Total: len(hits), Hits: page(q, hits), Facets: facets.most()}, nil
}

func (p *plainSearcher) Get(_ context.Context, id string) (*pipeline.Record, error) {
	for i := range p.records {
		if p.records[i].ID == id {
			return &p.records[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %q", search.ErrNotFound, id)
}

func wordsMatch(q search.Query, text string) bool {
	for _, c := range q.Clauses() {
		found := len(search.Snippets(text, []search.Clause{{Phrase: c.Phrase}}, 1)) > 0
		if found == c.Not {
			return false
		}
	}
	return true
}

func articleMatches(q search.Query, r *pipeline.Record, d *search.Document) bool {
	if !namesMatch(q.Persons, d.Persons) || !namesMatch(q.Organisations, d.Organisations) || !namesMatch(q.Places, d.Places) {
		return false
	}
	if q.Cluster != "" && r.Cluster != q.Cluster {
		return false
	}
	if len(q.Sources) > 0 && !slices.Contains(q.Sources, r.Source) || slices.Contains(q.Not.Sources, r.Source) {
		return false
	}
	if anyName(q.Not.Persons, d.Persons) || anyName(q.Not.Organisations, d.Organisations) || anyName(q.Not.Places, d.Places) {
		return false
	}
	for _, group := range q.Entities {
		if !anyOf(group, d.Keys) {
			return false
		}
	}
	from, to := q.Days()
	if from.IsZero() && to.IsZero() {
		return true
	}
	mentioned := slices.ContainsFunc(d.Dates, func(iv search.Interval) bool {
		return (to.IsZero() || iv.From.Before(to)) && (from.IsZero() || iv.To.After(from))
	})
	at := r.Published
	published := !at.IsZero() && (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to))
	switch q.Dates {
	case search.Mentioned:
		return mentioned
	case search.Published:
		return published
	}
	return mentioned || published
}

// speakersMatch tells the speakers of an article, or of a quote.
func speakersMatch(q search.Query, names search.Names, keys []string) bool {
	return namesMatch(q.Speakers, names) && !anyName(q.Not.Speakers, names) && (len(q.SpeakerKeys) == 0 || anyOf(q.SpeakerKeys, keys))
}

func anyName(asked []string, names search.Names) bool {
	return slices.ContainsFunc(asked, func(name string) bool { return namesMatch([]string{name}, names) })
}

func anyOf(wanted, have []string) bool {
	return slices.ContainsFunc(wanted, func(s string) bool { return slices.Contains(have, s) })
}

// quoteMatches tells what is only asked of quotes.
func quoteMatches(q search.Query, quote *search.Quote) bool {
	if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, string(quote.Quote.Kind)) {
		return false
	}
	return len(q.Cues) == 0 || quote.Quote.Cue != nil && slices.ContainsFunc(q.Cues, func(c string) bool { return strings.EqualFold(c, quote.Quote.Cue.Text) })
}

// namesMatch reports whether each name asked for is words of a form.
func namesMatch(asked []string, names search.Names) bool {
	for _, name := range asked {
		if !slices.ContainsFunc(search.NameForms(name), func(want string) bool {
			return slices.ContainsFunc(names.Forms, func(form string) bool {
				return strings.Contains(plainWords(form), plainWords(want))
			})
		}) {
			return false
		}
	}
	return true
}

// plainWords is a name's words without case and accents, with a space around each.
func plainWords(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ReplaceAll(s, "’", "'")) {
		if !unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	words := strings.FieldsFunc(b.String(), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '\''
	})
	for i, w := range words {
		words[i] = strings.Trim(w, ".'")
	}
	return " " + strings.Join(words, " ") + " "
}

// newestFirst compares times; none comes last.
func newestFirst(a, b time.Time) int { return b.Compare(a) }

func page[T any](q search.Query, hits []T) []T {
	start := min(q.Offset, len(hits))
	return hits[start:min(start+q.PageSize(), len(hits))]
}

// tally counts facets.
type tally struct {
	size   int
	counts map[string]map[string]int
}

func newTally(q search.Query) *tally {
	c := &tally{size: q.Facets, counts: map[string]map[string]int{}}
	for _, name := range search.FacetNames() {
		c.counts[name] = map[string]int{}
	}
	return c
}

func (c *tally) count(r *pipeline.Record, d *search.Document, speakers search.Names) {
	for name, values := range map[string][]string{
		search.FacetPerson: d.Persons.Canonical, search.FacetOrganisation: d.Organisations.Canonical,
		search.FacetPlace: d.Places.Canonical, search.FacetSpeaker: speakers.Canonical, search.FacetSource: {r.Source},
	} {
		for _, v := range values {
			c.counts[name][v]++
		}
	}
}

func (c *tally) most() map[string][]search.Count {
	if c.size == 0 {
		return nil
	}
	out := map[string][]search.Count{}
	for name, counts := range c.counts {
		list := []search.Count{}
		for v, n := range counts {
			list = append(list, search.Count{Value: v, Count: n})
		}
		slices.SortFunc(list, func(a, b search.Count) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		out[name] = list[:min(c.size, len(list))]
	}
	return out
}
