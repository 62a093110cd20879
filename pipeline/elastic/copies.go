package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
)

// Copies of one story are found when an article is written: by the bands of its fingerprint among the
// firsts of all clusters (see package copies). Elasticsearch finds what was written only after a
// refresh, a second by default, and other processes write too. So the firsts of the last seconds are
// remembered here, and what was written is looked up again some seconds later: of two copies that were
// written at once by two processes, one then joins the other's cluster. Until then, and where a process
// is killed within these seconds, there are two clusters; the next writing of their articles, by
// reprocess for instance, joins them.
//
// That an article's cluster changes afterwards is a write of the article as any other, with the steps of
// Write, on the condition that nobody else has written it meanwhile.

const (
	// recheckAfter is how long after its writing a first is looked up again: longer than a refresh
	// takes.
	recheckAfter = 3 * time.Second
	// keepRecent is how long firsts are remembered.
	keepRecent = 30 * time.Second
	// lookups is how many articles are looked up in one request, and mostFound how many are compared
	// with one; mostMoved is how many articles of a cluster go to another at once.
	lookups, mostFound, mostMoved = 50, 20, 1000
	// mostPending bounds the firsts that wait to be looked up again, and mostTries how often one is.
	mostPending, mostTries = 20_000, 4
)

// clusters is what an Index remembers of clusters.
type clusters struct {
	mu      sync.Mutex
	recent  copies.Recent
	pending []pendingMember
	timer   *time.Timer
	closed  bool
	running sync.WaitGroup
}

// pendingMember is an article that is to be looked up again.
type pendingMember struct {
	copies.Member
	at    time.Time
	tries int
}

// regroup is what the clusters of a Write change in other articles.
type regroup struct {
	demoted []demotion
	moves   []move
	written []copies.Member // to be looked up again
}

// demotion is an article that is no first any more.
type demotion struct{ id string }

// move is a cluster whose articles go to another.
type move struct{ from, to string }

// group sets the records' clusters. It returns their fingerprints.
func (x *Index) group(ctx context.Context, recs []pipeline.Record) ([]copies.Print, *regroup, error) {
	members := make([]copies.Member, len(recs))
	prints := make([]copies.Print, len(recs))
	at := map[string]int{}
	for i := range recs {
		members[i] = copies.NewMember(&recs[i])
		prints[i] = members[i].Print
		at[recs[i].ID] = i
	}
	found, err := x.similar(ctx, members, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("find copies: %w", err)
	}
	x.clusters.mu.Lock()
	defer x.clusters.mu.Unlock()
	x.clusters.recent.Keep = keepRecent
	rg := &regroup{}
	for i := range members {
		m := &members[i]
		changes := m.Join(x.clusters.recent.With(m, found))
		m.Set(&recs[i])
		for _, demoted := range changes.Demoted {
			x.clusters.recent.Forget(demoted.ID)
			found = slices.DeleteFunc(found, func(f copies.Member) bool { return f.ID == demoted.ID })
			if k, ok := at[demoted.ID]; ok && k < i {
				recs[k].First = false
			} else {
				rg.demoted = append(rg.demoted, demotion{demoted.ID})
			}
		}
		for _, left := range changes.Left {
			x.clusters.recent.Move(left, m.Cluster)
			rg.moves = append(rg.moves, move{left, m.Cluster})
		}
		if !m.Print.None() {
			rg.written = append(rg.written, *m)
		}
		if m.First && !m.Print.None() {
			x.clusters.recent.Add(*m)
		} else {
			x.clusters.recent.Forget(m.ID)
		}
	}
	return prints, rg, nil
}

// similar are the articles that may be similar to one of the members: the firsts of clusters, or those that
// are not, and in none of the clusters that are known.
func (x *Index) similar(ctx context.Context, members []copies.Member, known []string) ([]copies.Member, error) {
	var out []copies.Member
	for chunk := range slices.Chunk(members, lookups) {
		found, err := x.lookUp(ctx, chunk, known)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	// What two chunks found is one.
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(m copies.Member) bool {
		twice := seen[m.ID]
		seen[m.ID] = true
		return twice
	}), nil
}

// foundCopies answers several searches for copies.
type foundCopies struct {
	Responses []struct {
		Status int      `json:"status"`
		Error  *failure `json:"error"`
		Hits   struct {
			Hits []struct {
				Source struct {
					Timestamp time.Time `json:"@timestamp"`
					Article   struct {
						ID string `json:"id"`
					} `json:"article"`
					Cluster     string       `json:"cluster"`
					First       bool         `json:"first"`
					Bands       []string     `json:"bands"`
					Fingerprint copies.Print `json:"fingerprint"`
				} `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	} `json:"responses"`
}

// lookUp asks for each member in one request. The more bands an article shares with it the higher it
// scores, so that the best are found however many there are by chance, in texts that are all of one
// pattern for instance.
func (x *Index) lookUp(ctx context.Context, members []copies.Member, known []string) ([]copies.Member, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	asked := 0
	for i := range members {
		m := &members[i]
		if m.Print.None() {
			continue
		}
		asked++
		if err := errors.Join(enc.Encode(x.near(m)), enc.Encode(similarTo(m, known))); err != nil {
			return nil, err
		}
	}
	if asked == 0 {
		return nil, nil
	}
	var res foundCopies
	raw := body.Bytes()
	err := x.patiently(ctx, func() error {
		res = foundCopies{} // a slice keeps in its elements what the answer before had and this one lacks
		if err := x.call(ctx, esapi.MsearchRequest{Index: []string{x.articles()}, Body: bytes.NewReader(raw)}, &res); err != nil {
			return err
		}
		for i := range res.Responses {
			if r := &res.Responses[i]; r.Error != nil && r.Error.Type != "index_not_found_exception" {
				return &StatusError{Status: r.Status, Type: r.Error.Type, Reason: r.Error.Reason}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []copies.Member
	for i := range res.Responses {
		for k := range res.Responses[i].Hits.Hits {
			s := &res.Responses[i].Hits.Hits[k].Source
			s.Fingerprint.SetBands(s.Bands)
			out = append(out, copies.Member{ID: s.Article.ID, Cluster: s.Cluster, First: s.First, Published: s.Timestamp, Print: s.Fingerprint})
		}
	}
	return out, nil
}

// near names the indices that may hold copies of m: of years of months, the two or three that its window is
// in. Without them each lookup would ask every month. What a shard that fails would have found is missed, and
// so the whole fails.
func (x *Index) near(m *copies.Member) node {
	if m.Published.IsZero() {
		return node{"allow_partial_search_results": false}
	}
	months := []string{x.articles() + "-" + undated}
	for _, at := range []time.Time{m.Published.Add(-copies.Window), m.Published, m.Published.Add(copies.Window)} {
		if name := x.articles() + "-" + month(at); !slices.Contains(months, name) {
			months = append(months, name)
		}
	}
	return node{"index": months, "ignore_unavailable": true, "allow_no_indices": true, "allow_partial_search_results": false}
}

// similarTo asks for the articles that share most bands with m.
func similarTo(m *copies.Member, known []string) node {
	var bands []node
	for _, b := range m.Print.Bands() {
		bands = append(bands, node{"constant_score": node{"filter": node{"term": node{"bands": b}}}})
	}
	filter := []node{{"term": node{"first": known == nil}}}
	not := []node{}
	if known != nil {
		not = append(not, node{"terms": node{"cluster": known}})
	}
	if !m.Published.IsZero() {
		filter = append(filter, anyOf([]node{
			overlap("@timestamp", m.Published.Add(-copies.Window), m.Published.Add(copies.Window+time.Millisecond)),
			{"bool": node{"must_not": []node{{"exists": node{"field": "@timestamp"}}}}},
		}))
	}
	fields := []string{"article.id", "cluster", "first", "@timestamp", "fingerprint"}
	if known != nil {
		fields = append(fields, "bands") // they are looked up in their turn
	}
	return node{
		"size": mostFound, "track_total_hits": false, "_source": fields,
		"query": node{"bool": node{"should": bands, "minimum_should_match": 1, "filter": filter, "must_not": not}},
	}
}

// regroup changes the clusters of other articles, once a Write is done, and notes what is to be looked
// up again. What fails is not tried again: the article is stored, and the next lookup mends it.
func (x *Index) regroup(ctx context.Context, rg *regroup) error {
	x.await(rg.written)
	var errs []error
	for _, d := range rg.demoted {
		errs = append(errs, x.rewrite(ctx, d.id, func(r *pipeline.Record) bool {
			changed := r.First
			r.First = false
			return changed
		}))
	}
	for _, m := range rg.moves {
		errs = append(errs, x.moveCluster(ctx, m))
	}
	return errors.Join(errs...)
}

// moveCluster gives all articles of a cluster another, as no firsts.
func (x *Index) moveCluster(ctx context.Context, m move) error {
	var res struct {
		Hits struct {
			Hits []struct {
				Source struct {
					Article struct {
						ID string `json:"id"`
					} `json:"article"`
				} `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	err := x.search(ctx, place{alias: x.articles()}, node{
		"size": mostMoved, "track_total_hits": false, "query": node{"term": node{"cluster": m.from}}, "_source": []string{"article.id"},
	}, &res)
	if err != nil {
		return err
	}
	for _, h := range res.Hits.Hits {
		err := x.rewrite(ctx, h.Source.Article.ID, func(r *pipeline.Record) bool {
			changed := r.Cluster == m.from && !r.First
			r.Cluster = m.to
			return changed
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rewrite changes a stored record, by the steps of Write. Where somebody else writes it meanwhile it is
// read again, and where that does not end it is left to them. Change returns false where there is
// nothing to change.
func (x *Index) rewrite(ctx context.Context, id string, change func(*pipeline.Record) bool) error {
	written := false // in part, and somebody else came between: what is there may be a mixture
	for attempt := 1; attempt <= 5; attempt++ {
		entries, states, err := x.entries(ctx, []string{id})
		if err != nil {
			return err
		}
		if entries[0] == nil || len(entries[0].Sets) == 0 {
			return nil
		}
		r, err := x.getAt(ctx, x.articleRef(id, entries[0].Sets[0]), id)
		if err != nil {
			return err
		}
		if r != nil && r.Revision == entries[0].Revision {
			if !change(r) && !written {
				return nil
			}
			written = true
			print := copies.NewMember(r).Print
			docs, err := x.documents(r, &print)
			if err != nil {
				return err
			}
			done, err := x.carry(ctx, &job{rec: r, docs: docs, old: entries[0], was: states[0]})
			if err != nil || done {
				return err
			}
		}
		if err := x.wait(ctx, attempt); err != nil {
			return err
		}
	}
	return nil
}

// carry takes one job through the steps, but for the reading of the ledger; false: somebody else came
// between.
func (x *Index) carry(ctx context.Context, j *job) (bool, error) {
	current, _, err := x.intend(ctx, []*job{j})
	if err != nil || len(current) == 0 {
		return false, err
	}
	rejected := map[int]string{}
	if current, _, err = x.writeArticles(ctx, current, rejected); err != nil || len(current) == 0 {
		return false, err
	}
	if current, err = x.writeChildren(ctx, current, rejected); err != nil || len(current) == 0 {
		return false, err
	}
	lost, err := x.finish(ctx, current)
	return len(lost) == 0, err
}

// getAt reads a record, nil where there is none.
func (x *Index) getAt(ctx context.Context, ref docRef, id string) (*pipeline.Record, error) {
	var doc struct {
		Source source `json:"_source"`
	}
	// esapi puts the ID into the path as it is.
	err := x.patiently(ctx, func() error {
		return x.call(ctx, esapi.GetRequest{Index: ref.index, DocumentID: url.PathEscape(id)}, &doc)
	})
	var status *StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return doc.Source.record()
}

// await notes articles that are to be looked up again.
func (x *Index) await(written []copies.Member) {
	if len(written) == 0 {
		return
	}
	c := &x.clusters
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, m := range written {
		if len(c.pending) < mostPending {
			c.pending = append(c.pending, pendingMember{Member: m, at: now})
		}
	}
	x.schedule()
}

// schedule lets the timer run, where there is something to wait for. The caller holds the lock.
func (x *Index) schedule() {
	c := &x.clusters
	if c.closed || c.timer != nil || len(c.pending) == 0 {
		return
	}
	c.running.Add(1)
	c.timer = time.AfterFunc(time.Until(c.pending[0].at.Add(recheckAfter)), func() {
		defer c.running.Done()
		ctx, cancel := context.WithTimeout(context.Background(), x.cfg.Timeout)
		defer cancel()
		x.recheck(ctx, recheckAfter)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timer = nil
		x.schedule()
	})
}

// recheck looks up again the articles that were written so long ago. What fails is tried again, a few
// times at most: it mends what is rare, and must not pile up behind a server that is down.
func (x *Index) recheck(ctx context.Context, age time.Duration) {
	c := &x.clusters
	c.mu.Lock()
	var due []pendingMember
	for len(c.pending) > 0 && time.Since(c.pending[0].at) >= age {
		due = append(due, c.pending[0])
		c.pending = c.pending[1:]
	}
	c.mu.Unlock()
	for chunk := range slices.Chunk(due, lookups) {
		if x.recheckSome(ctx, chunk) == nil {
			continue
		}
		c.mu.Lock()
		for _, p := range chunk {
			if p.tries++; p.tries < mostTries && !c.closed {
				p.at = time.Now()
				c.pending = append(c.pending, p)
			}
		}
		c.mu.Unlock()
	}
}

func (x *Index) recheckSome(ctx context.Context, due []pendingMember) error {
	members := make([]copies.Member, len(due))
	for i := range due {
		members[i] = due[i].Member
	}
	found, err := x.similar(ctx, members, nil)
	if err != nil {
		return err
	}
	known := []string{}
	for _, m := range members {
		if m.First {
			known = append(known, m.Cluster)
		}
	}
	strays, err := x.similar(ctx, members, known)
	if err != nil {
		return err
	}
	for k, m := range members {
		x.stray(m, strays, due[k].tries+1)
		others := slices.DeleteFunc(slices.Clone(found), func(f copies.Member) bool { return f.ID == m.ID })
		if !joins(m, others) {
			continue
		}
		rg, changed := &regroup{}, false
		cluster, first := m.Cluster, m.First
		err := x.rewrite(ctx, m.ID, func(r *pipeline.Record) bool {
			rg = &regroup{}
			now := copies.NewMember(r)
			near := others
			if now.First {
				near = append(slices.Clone(others), now)
			}
			changes := now.Join(near)
			for _, d := range changes.Demoted {
				rg.demoted = append(rg.demoted, demotion{d.ID})
			}
			for _, left := range changes.Left {
				rg.moves = append(rg.moves, move{left, now.Cluster})
			}
			changed = now.Cluster != r.Cluster || now.First != r.First
			now.Set(r)
			cluster, first = r.Cluster, r.First
			return changed
		})
		if err != nil {
			return err
		}
		if !changed && len(rg.demoted)+len(rg.moves) == 0 {
			continue
		}
		x.clusters.mu.Lock()
		x.clusters.recent.Forget(m.ID) // it is looked up from now on
		for _, d := range rg.demoted {
			x.clusters.recent.Forget(d.id)
		}
		for _, mv := range rg.moves {
			x.clusters.recent.Move(mv.from, mv.to)
		}
		// What was found may have changed meanwhile: once more, until nothing changes.
		if due[k].tries++; due[k].tries < mostTries {
			again := pendingMember{m, time.Now(), due[k].tries}
			again.Cluster, again.First = cluster, first
			x.clusters.pending = append(x.clusters.pending, again)
		}
		x.clusters.mu.Unlock()
		if err := x.regroup(ctx, rg); err != nil {
			return err
		}
	}
	return nil
}

// stray notes copies of a first that are in another cluster, whoever has written them.
func (x *Index) stray(m copies.Member, found []copies.Member, tries int) {
	if !m.First || tries >= mostTries {
		return
	}
	x.clusters.mu.Lock()
	defer x.clusters.mu.Unlock()
	for _, f := range found {
		if f.ID != m.ID && f.Cluster != m.Cluster && m.Near(&f) && m.Print.Copy(&f.Print) {
			x.clusters.pending = append(x.clusters.pending, pendingMember{f, time.Now(), tries})
		}
	}
}

// joins reports whether m, as it was written, belongs elsewhere or takes the place of others.
func joins(m copies.Member, others []copies.Member) bool {
	was := m
	if was.First {
		others = append(slices.Clone(others), was)
	}
	changes := m.Join(others)
	return m.Cluster != was.Cluster || m.First != was.First || len(changes.Demoted) > 0
}

// closeClusters looks up again what is waiting, after the rest of a refresh's time, and stops.
func (x *Index) closeClusters() {
	c := &x.clusters
	c.mu.Lock()
	c.closed = true
	if c.timer != nil && c.timer.Stop() {
		c.running.Done()
	}
	c.mu.Unlock()
	c.running.Wait()
	const refresh = 1200 * time.Millisecond // the default interval, and a little
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	for range mostTries {
		c.mu.Lock()
		n := len(c.pending)
		var last time.Time
		if n > 0 {
			last = c.pending[n-1].at
		}
		c.mu.Unlock()
		if n == 0 || ctx.Err() != nil {
			return
		}
		time.Sleep(min(time.Until(last.Add(refresh)), refresh))
		x.recheck(ctx, 0)
	}
}
