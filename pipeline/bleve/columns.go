package bleve

import (
	"fmt"
	"hash/fnv"
	"math"
	"sync"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/datelinenews/dateline/pipeline/search"
)

// Counting facets over tens of thousands of hits by the library's doc values takes seconds, for each
// value is decompressed and hashed anew. So what answers are counted and sorted by is kept in memory,
// by column: for each document of a segment its time, and the ordinals of its facets' values. A
// segment never changes, so that a write only adds the columns of its own new segment, and a merge
// those of the merged; they are read when they are first needed. A document takes about 80 bytes,
// and each distinct name its own length and about 60.

// columns are those of one segment.
type columns struct {
	times  []int64  // milliseconds, noTime where there is none
	folds  []uint64 // hashes of fieldFold; see foldHash
	facets [][]uint32
	starts [][]uint32 // of each facet: where a document's ordinals start; one more than documents
}

// values are what documents of a facet have, by ordinal. Ordinals stay.
type values struct {
	names []string
	ords  map[string]uint32
}

// columnCache holds the columns of the segments in use.
type columnCache struct {
	mu       sync.Mutex
	segments map[uint64]*columns
	values   []values // of each facet
}

// view is what one question reads: a snapshot's segments, and their columns.
type view struct {
	snapshot *scorch.IndexSnapshot
	segments []*scorch.SegmentSnapshot
	columns  []*columns
	offsets  []uint64   // where a segment's document numbers start
	names    [][]string // of each facet, by ordinal
}

// open reads the columns of the snapshot's segments that are not there yet.
func (c *columnCache) open(reader index.IndexReader) (*view, error) {
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return nil, fmt.Errorf("the index is a %T", reader)
	}
	v := &view{snapshot: snapshot, segments: snapshot.Segments()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.segments == nil {
		c.segments = map[uint64]*columns{}
		c.values = make([]values, len(search.FacetNames()))
		for i := range c.values {
			c.values[i].ords = map[string]uint32{}
		}
	}
	offset := uint64(0)
	inUse := map[uint64]*columns{}
	for _, s := range v.segments {
		n := s.Segment().Count()
		col := c.segments[s.Id()]
		if col == nil || uint64(len(col.times)) != n {
			var err error
			if col, err = c.read(snapshot, offset, n); err != nil {
				return nil, err
			}
		}
		inUse[s.Id()] = col
		v.columns = append(v.columns, col)
		v.offsets = append(v.offsets, offset)
		offset += n
	}
	c.segments = inUse
	for i := range c.values {
		v.names = append(v.names, c.values[i].names)
	}
	return v, nil
}

// read reads a segment's columns from its doc values.
func (c *columnCache) read(snapshot *scorch.IndexSnapshot, offset, n uint64) (*columns, error) {
	facets := search.FacetNames()
	col := &columns{times: make([]int64, n), folds: make([]uint64, n), facets: make([][]uint32, len(facets)), starts: make([][]uint32, len(facets))}
	at := map[string]int{}
	for i, f := range facets {
		at[f] = i
		col.starts[i] = make([]uint32, n+1)
	}
	doc := uint64(0)
	visit := func(field string, term []byte) {
		if field == fieldFold {
			col.folds[doc] = foldHash(term)
			return
		}
		if field == fieldOrder {
			if ms, ok := millisOf(term); ok {
				col.times[doc] = ms
			}
			return
		}
		i, ok := at[field]
		if !ok {
			return
		}
		v := &c.values[i]
		ord, known := v.ords[string(term)]
		if !known {
			name := string(term)
			ord = uint32(len(v.names)) //nolint:gosec // there are fewer names than that
			v.names = append(v.names, name)
			v.ords[name] = ord
		}
		col.facets[i] = append(col.facets[i], ord)
	}
	reader, err := snapshot.DocValueReader(append(facets, fieldOrder, fieldFold))
	if err != nil {
		return nil, err
	}
	var id index.IndexInternalID
	for ; doc < n; doc++ {
		col.times[doc] = noTime
		id = index.NewIndexInternalID(id, offset+doc)
		if err := reader.VisitDocValues(id, visit); err != nil {
			return nil, err
		}
		for i := range facets {
			if len(col.facets[i]) > math.MaxUint32 {
				return nil, fmt.Errorf("a segment has %d values", len(col.facets[i]))
			}
			col.starts[i][doc+1] = uint32(len(col.facets[i])) //nolint:gosec // just checked
		}
	}
	return col, nil
}

// foldHash stands for what copies have in common: of a million stories two are taken for one with a
// chance of one in tens of millions (FNV-1a, 64 bits).
func foldHash(term []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(term) // it never fails
	return h.Sum64()
}

// tally counts the values of a facet.
type tally struct {
	facet  int
	counts []uint32 // by ordinal
	seen   []uint32 // the ordinals that have a count
}

func (v *view) tally(facet string) *tally {
	for i, f := range search.FacetNames() {
		if f == facet {
			return &tally{facet: i, counts: make([]uint32, len(v.names[i]))}
		}
	}
	return nil
}

// add counts a document's values.
func (t *tally) add(c *columns, doc uint64) {
	starts := c.starts[t.facet]
	for _, ord := range c.facets[t.facet][starts[doc]:starts[doc+1]] {
		if t.counts[ord] == 0 {
			t.seen = append(t.seen, ord)
		}
		t.counts[ord]++
	}
}

// most are the most frequent values that pass, and then by value.
func (t *tally) most(v *view, limit int, pass func(string) bool) []search.Count {
	// Only what has the count of the last that is listed, or more, is sorted by name.
	var freq []int
	names := v.names[t.facet]
	least := uint32(1)
	if pass == nil && limit > 0 && len(t.seen) > 8*limit {
		most := uint32(0)
		for _, ord := range t.seen {
			most = max(most, t.counts[ord])
		}
		freq = make([]int, most+1)
		for _, ord := range t.seen {
			freq[t.counts[ord]]++
		}
		for n, above := most, 0; n > 0; n-- {
			if above += freq[n]; above >= limit {
				least = n
				break
			}
		}
	}
	kept := map[string]int{}
	for _, ord := range t.seen {
		if n := t.counts[ord]; n >= least && (pass == nil || pass(names[ord])) {
			kept[names[ord]] = int(n)
		}
	}
	return search.TopCounts(kept, limit)
}
