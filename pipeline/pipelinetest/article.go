package pipelinetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

// draft is a record being written by hand: text and annotation grow together, so that they agree.
type draft struct {
	article extractor.Article
	base    int
	body    strings.Builder
	x       extractor.Analysis
	byName  map[string]int
}

func newDraft(id, title, source, published string) *draft {
	d := &draft{byName: map[string]int{}, base: len(title) + 2, x: extractor.Analysis{
		Version: "test", Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{},
	}}
	d.article = extractor.Article{ID: id, URL: "https://example.org/" + id, Title: title, Source: source, Language: "en"}
	if published != "" {
		d.article.Published = day(published).Add(9 * time.Hour)
	}
	return d
}

// say adds text, and returns its span.
func (d *draft) say(s string) text.Span {
	start := d.base + d.body.Len()
	d.body.WriteString(s)
	return text.Span{Start: start, End: start + len(s)}
}

// name adds a mention of the entity; the surface is its name where it is empty.
func (d *draft) name(t ner.Type, entity, surface string) *draft {
	if surface == "" {
		surface = entity
	}
	e := d.entity(t, entity)
	form := ner.Name
	switch {
	case surface == strings.ToLower(surface):
		form = ner.Pronoun
	case surface == strings.ToUpper(surface):
		form = ner.Acronym
		d.x.Entities[e].Acronym = surface
	}
	d.x.Entities[e].Mentions = append(d.x.Entities[e].Mentions, len(d.x.Mentions))
	d.x.Mentions = append(d.x.Mentions, ner.Mention{Span: d.say(surface), Text: surface, Type: t, Entity: e, Form: form, Score: 0.75})
	return d
}

func (d *draft) entity(t ner.Type, name string) int {
	if e, ok := d.byName[name]; ok {
		return e
	}
	e := len(d.x.Entities)
	d.byName[name] = e
	d.x.Entities = append(d.x.Entities, coref.Entity{
		ID: e, Type: t, Name: name, Key: coref.Key(t, name), Mentions: []int{},
	})
	return e
}

// text adds text without annotation.
func (d *draft) text(s string) *draft {
	d.say(s)
	return d
}

// date adds a date of the half-open interval.
func (d *draft) date(surface, value string, from, to time.Time) *draft {
	d.x.Dates = append(d.x.Dates, timex.Date{Span: d.say(surface), Text: surface, Type: timex.TypeDate, Value: value, From: from, To: to})
	return d
}

// quote adds a quote in marks. The speaker is an entity's name, where there is one of it, or the
// words that stand for somebody, or "".
func (d *draft) quote(words, speaker string) *draft {
	d.say("“")
	q := quote.Quote{Span: d.say(words), Text: words, Kind: quote.Direct, Rule: "test", Score: 0.5}
	d.say("” ")
	if speaker != "" {
		q.Speaker = &quote.Speaker{}
		if e, ok := d.byName[speaker]; ok {
			q.Speaker.Entity = &e
		} else {
			q.Speaker.Expression = &quote.Expression{Span: d.say(speaker), Text: speaker}
			d.say(" ")
		}
		q.Cue = &quote.Cue{Span: d.say("said"), Text: "said"}
		d.say(". ")
	}
	d.x.Quotes = append(d.x.Quotes, q)
	return d
}

func (d *draft) record() pipeline.Record {
	d.article.Body = d.body.String()
	return pipeline.NewRecord(&d.article, &d.x, time.Time{})
}

// searcherRecords are what TestSearcher searches: some by hand, and so many by chance.
func searcherRecords(chance int) []pipeline.Record {
	month := func(s string) (time.Time, time.Time) { return day(s), day(s).AddDate(0, 1, 0) }
	one := newDraft("accord-1", "Growers sign accord", "Harbour Wire", "2025-01-16")
	one.text("The ").name(ner.Organisation, "Tarkwa Growers' Alliance", "").text(" (").name(ner.Organisation, "Tarkwa Growers' Alliance", "TGA").
		text(") said on ").date("14 January 2025", "2025-01-14", day("2025-01-14"), day("2025-01-15")).
		text(" that it had signed an accord with ").name(ner.Organisation, "Meridian Grain Ltd.", "").text(" in ").name(ner.Place, "Accra", "").
		text(".\n\n")
	one.entity(ner.Person, "Abena Owusu")
	one.quote("We are certain that this accord will hold.", "Abena Owusu").name(ner.Person, "Abena Owusu", "").text(" spoke for the TGA, and ").
		name(ner.Person, "Abena Owusu", "she").text(" went on: ").quote("Every farm counts.", "Abena Owusu").text("\n")
	two := newDraft("accord-2", "Island news", "Ridge Post", "2025-06-01")
	two.text("The accord on ferries was a quiet affair. ").name(ner.Organisation, "Tarkwa Growers' Alliance", "").text(" or ").
		name(ner.Organisation, "Tarkwa Growers' Alliance", "TGA").text(" sent ").name(ner.Person, "Abena Owusu", "Owusu").
		text(" to the signing.")
	three := newDraft("harbour", "The harbour’s café opens", "Harbour Wire", "2025-03-31")
	from, to := month("2024-03-01")
	three.text("It was planned in ").date("March 2024", "2024-03", from, to)
	from, to = month("2024-07-01")
	three.text(" and begun in ").date("July 2024", "2024-07", from, to).text(" on the quay of ").name(ner.Place, "Accra", "").text(". The ").
		name(ner.Organisation, "U.N.", "").text(" paid. ").name(ner.Person, "Tomás Řehoř", "").text(" met ").name(ner.Person, "Kofi Mensah", "").text(". ")
	three.quote("It took too long!", "Tomás Řehoř").quote("It did.", "a spokesman").quote("Nobody claims this one.", "")
	four := newDraft("undated", "", "Ridge Post", "")
	four.base = 0
	four.text("In ").date("in all the 19th century", "18", day("1800-01-01"), day("1900-01-01")).text(" ").
		name(ner.Organisation, "Meridian Grain Ltd.", "Meridian").text(" sold oats.")
	recs := []pipeline.Record{one.record(), two.record(), three.record(), four.record()}
	r := rand.New(rand.NewPCG(7, 7)) // the same every time
	for i := range chance {
		rec := anyRecord(r, i)
		if i%9 == 0 {
			rec.Language = []string{"", "fr"}[i%2]
		}
		if i%7 == 0 {
			rec.Version = "earlier"
		}
		recs = append(recs, rec)
	}
	return recs
}

// anyRecord is a record by chance, of few words and names, so that questions hit some of many.
func anyRecord(r *rand.Rand, i int) pipeline.Record {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	published := ""
	if r.IntN(10) > 0 {
		published = day("2010-01-01").AddDate(0, 0, r.IntN(150)).Format(time.DateOnly)
	}
	d := newDraft(fmt.Sprintf("story-%03d", r.IntN(1000)*10_000+i), pick("A dispatch", "Storm report", "Story of the day"), pick("Ridge Post", "Delta Times", "Harbour Bell"), published)
	for range 1 + r.IntN(5) {
		d.text(pick("The storm passed in the north. ", "The bridge opened. ", "An election was held; they voted. ", "Storms came back to the northern bridge. ", "It rained. "))
		switch r.IntN(5) {
		case 0:
			name := pick("Lee Okoro", "Sam Lee", "Ines Prado")
			d.name(ner.Person, name, "").text(" came. ")
			d.x.Entities[d.byName[name]].Role = pick("", "the ferryman", "minister of roads")
			d.x.Entities[d.byName[name]].Affiliation = pick("", "River Authority", "River Authority", "Delta Ferries")
		case 1:
			d.name(ner.Organisation, "River Authority", pick("River Authority", "RA")).text(" came. ")
		case 2:
			d.name(ner.Organisation, pick("Northern Bureau", "Bureau of Roads"), "").text(" came. ")
		case 3:
			d.name(ner.Place, pick("Lowmere", "High Ford", "Fordham"), "").text(" shook. ")
		}
		if r.IntN(3) == 0 {
			from := day("2010-01-01").AddDate(0, 0, r.IntN(150))
			to := from.AddDate(0, r.IntN(14)*r.IntN(2), 1).Add(time.Duration(r.IntN(30)) * time.Hour)
			d.text("They mean ").date("a day", from.Format(time.DateOnly), from.Add(time.Duration(r.IntN(24))*time.Hour), to).text(". ")
		}
		if r.IntN(3) == 0 {
			d.quote(pick("The storm was bad.", "We voted early.", "The bridge opened at last", "No."), pick("Lee Okoro", "Sam Lee", "Ines Prado", "a witness", ""))
		}
	}
	// Words of its own, so that by chance no two are copies of each other.
	for k := range 40 {
		d.text(fmt.Sprintf("n%dx%d ", i, k))
	}
	return d.record()
}
