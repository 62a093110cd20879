package bleve

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	bsearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/datelinenews/dateline/pipeline/search"
)

// asking is a question to the engine.
type asking struct {
	query query.Query
	// ranked asks for scores, and orders by them first.
	ranked bool
	// size is how many hits are wanted, after the first skip or behind after.
	size, skip int
	after      *place
	// fold keeps of the hits with one fieldFold the best.
	fold   bool
	facets []string
	// times, where set, gets each hit's publication time.
	times func(ms int64)
}

// place is where a hit stands in the order: by score, where it counts, then newest first, then by ID
// and the quote's index.
type place struct {
	score float64
	time  int64
	id    string
	index int
	named bool // id and index are known
	doc   uint64
}

// found is the engine's answer.
type found struct {
	total  int
	hits   []hit
	folded map[uint64]int // of a folded answer: how many hits each stands for
	counts map[string]*tally
	view   *view
}

// hit is a document with its stored fields.
type hit struct {
	place  place
	fields map[string]string
}

// cursor is a hit's place as a cursor has it, and back.
func (p *place) cursor() string {
	return search.WriteCursor([]string{
		strconv.FormatFloat(p.score, 'g', -1, 64), strconv.FormatInt(p.time, 10), p.id, strconv.Itoa(p.index),
	})
}

func readPlace(s string) (*place, error) {
	v, err := search.ReadCursor(s, 4)
	if err != nil {
		return nil, err
	}
	p := &place{id: v[2], named: true}
	var errs [3]error
	p.score, errs[0] = strconv.ParseFloat(v[0], 64)
	p.time, errs[1] = strconv.ParseInt(v[1], 10, 64)
	p.index, errs[2] = strconv.Atoi(v[3])
	if errors.Join(errs[:]...) != nil {
		return nil, fmt.Errorf("%w: the place to go on from is none: begin anew", search.ErrQuery)
	}
	return p, nil
}

// collect finds, counts and orders in one pass.
func (x *Index) collect(ctx context.Context, a asking) (out *found, err error) {
	data := x.data.Load()
	inner, err := data.Advanced()
	if err != nil {
		return nil, err
	}
	reader, err := inner.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	v, err := data.columns.open(reader)
	if err != nil {
		return nil, err
	}
	out = &found{view: v, counts: map[string]*tally{}}
	var tallies []*tally
	for _, f := range a.facets {
		if t := v.tally(f); t != nil {
			out.counts[f] = t
			tallies = append(tallies, t)
		}
	}
	opts := bsearch.SearcherOptions{Score: "none"}
	if a.ranked {
		opts.Score = ""
	}
	ctx = context.WithValue(ctx, bsearch.GetScoringModelCallbackKey, bsearch.GetScoringModelCallbackFn(func() string { return index.BM25Scoring }))
	s, err := a.query.Searcher(ctx, reader, data.Mapping(), opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	pool := &bsearch.SearchContext{DocumentMatchPool: bsearch.NewDocumentMatchPool(s.DocumentMatchPoolSize()+1, 0), IndexReader: reader}
	best := &top{view: v, most: a.skip + a.size}
	f := &folding{order: best, best: map[uint64]place{}, counts: map[uint64]int{}}
	segment := 0
	for n := 1; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		m, err := s.Next(pool)
		if err != nil {
			return nil, err
		}
		if m == nil {
			break
		}
		doc := m.IndexInternalID.Value()
		for segment+1 < len(v.offsets) && doc >= v.offsets[segment+1] {
			segment++
		}
		for segment > 0 && doc < v.offsets[segment] { // not every searcher goes upwards
			segment--
		}
		col, local := v.columns[segment], doc-v.offsets[segment]
		out.total++
		for _, t := range tallies {
			t.add(col, local)
		}
		if a.times != nil {
			a.times(col.times[local])
		}
		p := place{time: col.times[local], doc: doc}
		if a.ranked {
			p.score = m.Score
		}
		switch {
		case a.fold:
			f.offer(p, col.folds[local])
		case a.size > 0:
			best.offer(p, a.after)
		}
		pool.DocumentMatchPool.Put(m)
	}
	if a.fold {
		for _, p := range f.best {
			best.offer(p, nil)
		}
		out.total, out.folded = len(f.best), f.counts
	}
	if best.err != nil {
		return nil, best.err
	}
	for _, p := range best.ordered(a.skip) {
		best.name(&p)
		fields, err := v.stored(p.doc)
		if err != nil {
			return nil, err
		}
		out.hits = append(out.hits, hit{p, fields})
	}
	return out, best.err
}

// folding keeps the best place of each story.
type folding struct {
	order  *top
	best   map[uint64]place
	counts map[uint64]int
}

func (f *folding) offer(p place, story uint64) {
	if story == 0 { // it is in no cluster, and a story of its own
		story = ^p.doc
	}
	f.counts[story]++
	if old, ok := f.best[story]; !ok || f.order.compare(&p, &old) < 0 {
		f.best[story] = p
	}
}

// stored are a document's stored fields.
func (v *view) stored(doc uint64) (map[string]string, error) {
	fields := map[string]string{}
	i := v.segmentOf(doc)
	err := v.segments[i].VisitDocument(doc-v.offsets[i], func(field string, _ byte, value []byte, _ []uint64) bool {
		fields[field] = string(value)
		return true
	})
	return fields, err
}

func (v *view) segmentOf(doc uint64) int {
	i, found := slices.BinarySearch(v.offsets, doc)
	if !found {
		i--
	}
	// Of segments that are empty, the last that starts here holds the document.
	for i+1 < len(v.offsets) && v.offsets[i+1] <= doc {
		i++
	}
	return i
}

// top keeps the best places, the worst of them at the root.
type top struct {
	view *view
	most int
	list []place
	err  error
}

func (t *top) Len() int           { return len(t.list) }
func (t *top) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }
func (t *top) Less(i, j int) bool { return t.compare(&t.list[i], &t.list[j]) > 0 }
func (t *top) Push(p any)         { t.list = append(t.list, p.(place)) }
func (t *top) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}

// compare is negative where a comes before b. IDs are only read where nothing else decides.
func (t *top) compare(a, b *place) int {
	if c := cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.time, a.time)); c != 0 {
		return c
	}
	t.name(a)
	t.name(b)
	return cmp.Or(strings.Compare(a.id, b.id), cmp.Compare(a.index, b.index))
}

// name reads the ID of a document, which tells its article and the quote's index.
func (t *top) name(p *place) {
	if p.named {
		return
	}
	i := t.view.segmentOf(p.doc)
	id, err := t.view.segments[i].DocID(p.doc - t.view.offsets[i])
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	p.named = true
	s := string(id)
	if rest, ok := strings.CutPrefix(s, "q"); ok {
		number, article, _ := strings.Cut(rest, "/")
		p.id = article
		p.index, _ = strconv.Atoi(number) // quoteID wrote it
		return
	}
	p.id = strings.TrimPrefix(s, "a")
}

func (t *top) offer(p place, after *place) {
	if after != nil && t.compare(&p, after) <= 0 {
		return
	}
	if len(t.list) < t.most {
		heap.Push(t, p)
		return
	}
	if t.compare(&p, &t.list[0]) < 0 {
		t.list[0] = p
		heap.Fix(t, 0)
	}
}

// ordered are the places without the first skip.
func (t *top) ordered(skip int) []place {
	slices.SortFunc(t.list, func(a, b place) int { return t.compare(&a, &b) })
	return t.list[min(skip, len(t.list)):]
}
