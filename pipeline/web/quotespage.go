package web

import (
	"net/http"
	"strconv"

	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/pipeline/search"
)

type quotesView struct {
	asked
	Pager  pagerView
	Quotes []quoteView
	Facets []facetView
	Export []linkView
	API    string
}

func (v quotesView) frame() frame {
	return frame{Path: "/quotes", Title: "Quotes", Box: v.Text, Feed: address("/feed.atom", v.Query, map[string][]string{"of": {"quotes"}})}
}

// quotesPage lists quotes.
func (s *Server) quotesPage(w http.ResponseWriter, r *http.Request) error {
	a := ask(r, "/quotes", "copies")
	if a.merged(r) {
		http.Redirect(w, r, a.URL(), http.StatusSeeOther)
		return nil
	}
	v := quotesView{asked: a, API: address("/api/quotes", a.Query, nil)}
	a.Query.Facets = facetValues
	if err := a.Query.Validate(); err != nil {
		return err
	}
	res, err := s.Store.Quotes(r.Context(), a.Query)
	if err != nil {
		return err
	}
	v.Pager = a.pager(res.Total)
	for i := range res.Hits {
		v.Quotes = append(v.Quotes, quoteHit(&res.Hits[i]))
	}
	v.Facets = facets(a, res.Facets, res.Total)
	v.Export = []linkView{
		{"CSV", address("/api/quotes.csv", a.Query, nil)}, {"NDJSON", address("/api/quotes.ndjson", a.Query, nil)},
	}
	s.render(w, r, http.StatusOK, "quotes", v)
	return nil
}

// quoteHit is a quote in a list, away from its article.
func quoteHit(h *search.QuoteHit) quoteView {
	v := quoteView{
		N: h.Index + 1, Text: show(h.Quote.Text), Kind: string(h.Quote.Kind), Rule: show(h.Quote.Rule), Score: h.Quote.Score,
		Marks: h.Quote.Kind != quote.Indirect, Speaker: show(h.Speaker), Role: show(h.SpeakerRole), Of: affiliated(h.SpeakerAffiliation, h.SpeakerRole),
		Article: articleURL(h.Article), Title: show(cut(h.Title, 160)), Source: show(h.Source), Published: h.Published, At: "q" + strconv.Itoa(h.Index),
	}
	if v.Title == "" {
		v.Title = show(cut(h.Article, 80))
	}
	if h.SpeakerKey != "" {
		v.SpeakerURL = entityURL(h.SpeakerKey)
	}
	if h.Quote.Cue != nil {
		v.Cue = show(h.Quote.Cue.Text)
	}
	return v
}
