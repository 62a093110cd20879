package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// rounds is how often a record is begun anew because another writer came between.
const rounds = 20

// entry is the ledger's of an article.
type entry struct {
	// Revision is that of the newest write.
	Revision int64 `json:"revision"`
	// Sets are the documents that there may be: first those of the newest write, then those of
	// earlier ones, until they are known to be gone.
	Sets []docSet `json:"sets"`
}

// job is one record on its way.
type job struct {
	at   int // its index in the Write
	rec  *pipeline.Record
	docs *documents

	old   *entry // the ledger's entry before; nil where there is none
	was   state  // of old
	entry entry  // with the intent to write
	now   state  // of entry

	conflicts int
}

// Write stores the records.
//
// The ledger is an index with one document for each article, which says of what revision the
// article is and which documents of it there may be. It is what makes a write of several documents
// in several indices right whenever a process is killed and whoever else writes:
//
//  1. The entries of all records are read, by ID and so always current. Where an entry has a higher
//     revision the record is an older one: its own documents that the entry does not name are
//     removed, for a process that was overtaken in step 3 may have left them, and that is all.
//  2. The intent is written: the record's revision and documents, before those that the entry had.
//     It is a compare-and-swap on the entry that was read (if_seq_no), so that of several writers
//     each sees what the others intended before; who loses begins anew.
//  3. The article is written, and if it is not rejected, its mentions and quotes are, while all that
//     the entry names and the record lacks is removed: mentions that are gone, and everything of
//     another month. All carry the revision as an external version (external_gte), so that what
//     a slower writer of an older revision sends never replaces or removes a newer document.
//  4. The entry is written with only the record's documents, again as a compare-and-swap: where the
//     entry has changed, another writer has come between, and the record is begun anew; it is
//     then the older one, or the later of equals.
//
// A process killed after any request leaves an entry that names every document it may have left.
// The record is not acknowledged, so that it comes again, and its write or that of a newer revision
// goes through the same steps. A rejected article leaves the entry, and what is stored, as it was.
//
// A search sees each index as it was at its own last refresh. So for a moment it may find an old
// article beside its new quotes, or the reverse, although the article was written first.
//
// Which cluster of copies an article belongs to is found before all this; see group.
//
// Requests are sent in order, a batch for each step; see Config for their size and repetition. An
// error that is not a *pipeline.RejectError means that some records may not be stored; ErrSetup is
// one.
func (x *Index) Write(ctx context.Context, recs []pipeline.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write elasticsearch: %w", err)
	}
	recs = slices.Clone(recs) // their clusters are set
	prints, changes, err := x.group(ctx, recs)
	if err != nil {
		return fmt.Errorf("write elasticsearch: %w", err)
	}
	rejected := map[int]string{}
	jobs := x.jobs(recs, prints, rejected)
	for round := 0; len(jobs) > 0; round++ {
		if round == rounds {
			return fmt.Errorf("write elasticsearch: other writers of article %q come between each time", jobs[0].rec.ID)
		}
		if round > 0 {
			if err := x.wait(ctx, min(round, 4)); err != nil {
				return fmt.Errorf("write elasticsearch: %w", err)
			}
		}
		if jobs, err = x.round(ctx, jobs, rejected); err != nil {
			return fmt.Errorf("write elasticsearch: %w", err)
		}
	}
	if err := x.regroup(ctx, changes); err != nil {
		return fmt.Errorf("write elasticsearch: join copies: %w", err)
	}
	if len(rejected) > 0 {
		x.counts.rejected.Add(int64(len(rejected)))
		return &pipeline.RejectError{Reasons: rejected}
	}
	return nil
}

// jobs are the records to be written: of several with the same ID, the one that wins.
func (x *Index) jobs(recs []pipeline.Record, prints []copies.Print, rejected map[int]string) []*job {
	var out []*job
	byID := map[string]int{}
	for i := range recs {
		r := &recs[i]
		docs, err := x.documents(r, &prints[i])
		if err == nil && (r.ID == "" || len(r.ID) > pipeline.MaxID) {
			err = fmt.Errorf("the ID has %d bytes, want 1 to %d", len(r.ID), pipeline.MaxID)
		}
		if err != nil {
			rejected[i] = err.Error()
			continue
		}
		j := &job{at: i, rec: r, docs: docs}
		if k, ok := byID[r.ID]; ok {
			x.counts.older.Add(1)
			if r.Revision >= out[k].rec.Revision {
				out[k] = j
			}
			continue
		}
		byID[r.ID] = len(out)
		out = append(out, j)
	}
	return out
}

// round takes the jobs through all steps and returns those to begin anew.
func (x *Index) round(ctx context.Context, jobs []*job, rejected map[int]string) (anew []*job, err error) {
	if err := x.readLedger(ctx, jobs); err != nil {
		return nil, err
	}
	current, err := x.older(ctx, jobs)
	if err != nil {
		return nil, err
	}
	current, lost, err := x.intend(ctx, current)
	if err != nil {
		return nil, err
	}
	anew = append(anew, lost...)
	current, lost, err = x.writeArticles(ctx, current, rejected)
	if err != nil {
		return nil, err
	}
	anew = append(anew, lost...)
	current, err = x.writeChildren(ctx, current, rejected)
	if err != nil {
		return nil, err
	}
	lost, err = x.finish(ctx, current)
	if err != nil {
		return nil, err
	}
	return append(anew, lost...), nil
}

// readLedger sets the jobs' old entries.
func (x *Index) readLedger(ctx context.Context, jobs []*job) error {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.rec.ID
	}
	entries, states, err := x.entries(ctx, ids)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		j.old, j.was = entries[i], states[i]
	}
	return nil
}

// entries are the ledger's of the articles, nil where there is none.
func (x *Index) entries(ctx context.Context, ids []string) ([]*entry, []state, error) {
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return nil, nil, fmt.Errorf("read ledger: %w", err)
	}
	var res struct {
		Docs []struct {
			Found  bool     `json:"found"`
			SeqNo  int64    `json:"_seq_no"`
			Term   int64    `json:"_primary_term"`
			Source entry    `json:"_source"`
			Error  *failure `json:"error"`
		} `json:"docs"`
	}
	err = x.patiently(ctx, func() error {
		return x.call(ctx, esapi.MgetRequest{Index: x.ledger(), Body: bytes.NewReader(body)}, &res)
	})
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return nil, nil, notSetUp(x.ledger())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read ledger: %w", err)
	}
	if len(res.Docs) != len(ids) {
		return nil, nil, fmt.Errorf("read ledger: elasticsearch answers %d of %d", len(res.Docs), len(ids))
	}
	entries, states := make([]*entry, len(ids)), make([]state, len(ids))
	for i := range res.Docs {
		d := &res.Docs[i]
		switch {
		case d.Error != nil && d.Error.Type == "index_not_found_exception":
			return nil, nil, notSetUp(x.ledger())
		case d.Error != nil:
			return nil, nil, fmt.Errorf("read ledger: %s", d.Error)
		case d.Found:
			entries[i], states[i] = &d.Source, state{d.SeqNo, d.Term}
		}
	}
	return entries, states, nil
}

// patiently tries a request again that is refused for now.
func (x *Index) patiently(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		var status *StatusError
		if err == nil || ctx.Err() != nil || errors.As(err, &status) && !temporary(status.Status) || attempt >= x.cfg.Attempts {
			return err
		}
		if err := x.wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// older removes what jobs of older revisions may have left, and returns the others.
func (x *Index) older(ctx context.Context, jobs []*job) (current []*job, err error) {
	var ops []op
	for _, j := range jobs {
		if j.old == nil || j.old.Revision <= j.rec.Revision {
			current = append(current, j)
			continue
		}
		x.counts.older.Add(1)
		ops = append(ops, x.removals(j.rec, []docSet{j.docs.set}, j.old.Sets)...)
	}
	return current, x.remove(ctx, ops)
}

// removals delete the documents of the one sets that are in none of the others, unless they are of
// a newer revision.
func (x *Index) removals(r *pipeline.Record, gone, kept []docSet) []op {
	keep := map[docRef]bool{}
	for _, s := range kept {
		for _, ref := range x.refs(r.ID, s) {
			keep[ref] = true
		}
	}
	var ops []op
	for _, s := range gone {
		for _, ref := range x.refs(r.ID, s) {
			if !keep[ref] {
				keep[ref] = true // once
				ops = append(ops, op{action: actionDelete, ref: ref, version: &r.Revision})
			}
		}
	}
	return ops
}

func (x *Index) remove(ctx context.Context, ops []op) error {
	out, err := x.bulk(ctx, ops)
	if err != nil {
		return err
	}
	for i, o := range out {
		if err := x.removed(ops[i], o); err != nil {
			return err
		}
	}
	return nil
}

// removed judges the outcome of a removal. That the document is gone already, or is of a newer
// revision, is well.
func (x *Index) removed(p op, o outcome) error {
	switch {
	case o.done():
		x.counts.deleted.Add(1)
	case o.status == http.StatusNotFound, o.conflict():
	default:
		return fmt.Errorf("remove %s from %s: %d %s", p.ref.id, p.ref.index, o.status, o.reason)
	}
	return nil
}

// intend writes the intents, and returns the jobs whose was written and those that another writer
// was before.
func (x *Index) intend(ctx context.Context, jobs []*job) (current, lost []*job, err error) {
	var ops []op
	for _, j := range jobs {
		j.entry = entry{Revision: j.rec.Revision, Sets: []docSet{j.docs.set}}
		o := op{action: actionCreate, ref: docRef{x.ledger(), j.rec.ID}}
		if j.old != nil {
			o.action, o.after = actionIndex, &j.was
			for _, s := range j.old.Sets {
				if !contains(j.entry.Sets, s) {
					j.entry.Sets = append(j.entry.Sets, s)
				}
			}
		}
		if o.doc, err = json.Marshal(j.entry); err != nil {
			return nil, nil, fmt.Errorf("write ledger: %w", err)
		}
		ops = append(ops, o)
	}
	out, err := x.bulk(ctx, ops)
	if err != nil {
		return nil, nil, fmt.Errorf("write ledger: %w", err)
	}
	for i, j := range jobs {
		switch o := out[i]; {
		case o.done():
			j.now = o.state
			current = append(current, j)
		case o.conflict():
			lost = append(lost, j)
		default:
			return nil, nil, fmt.Errorf("write ledger: article %q: %d %s", j.rec.ID, o.status, o.reason)
		}
	}
	return current, lost, nil
}

func contains(sets []docSet, s docSet) bool {
	for _, t := range sets {
		if reflect.DeepEqual(s, t) {
			return true
		}
	}
	return false
}

// writeArticles writes the articles, and takes the intent of rejected ones back.
func (x *Index) writeArticles(ctx context.Context, jobs []*job, rejected map[int]string) (current, lost []*job, err error) {
	ops := make([]op, len(jobs))
	for i, j := range jobs {
		ops[i] = op{action: actionIndex, ref: x.articleRef(j.rec.ID, j.docs.set), doc: j.docs.article, version: &j.rec.Revision}
	}
	out, err := x.bulk(ctx, ops)
	if err != nil {
		return nil, nil, fmt.Errorf("write articles: %w", err)
	}
	var back []*job
	for i, j := range jobs {
		switch o := out[i]; {
		case o.done():
			current = append(current, j)
		case o.conflict():
			// A newer one is there. Its writer has changed the entry, or is about to; or the ledger
			// was lost, and then the newer one stays.
			if j.conflicts++; j.conflicts < 3 {
				lost = append(lost, j)
			} else {
				x.counts.older.Add(1)
			}
		case o.hopeless():
			rejected[j.at] = o.reason
			back = append(back, j)
		default:
			return nil, nil, fmt.Errorf("write articles: %q: %d %s", j.rec.ID, o.status, o.reason)
		}
	}
	return current, lost, x.takeBack(ctx, back)
}

// takeBack writes the entries as they were. Where another writer came between, its entry names
// documents that are not there, which does no harm.
func (x *Index) takeBack(ctx context.Context, jobs []*job) error {
	var ops []op
	for _, j := range jobs {
		o := op{action: actionDelete, ref: docRef{x.ledger(), j.rec.ID}, after: &j.now}
		if j.old != nil {
			o.action = actionIndex
			var err error
			if o.doc, err = json.Marshal(j.old); err != nil {
				return fmt.Errorf("write ledger: %w", err)
			}
		}
		ops = append(ops, o)
	}
	if _, err := x.bulk(ctx, ops); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}

// writeChildren writes mentions and quotes and removes what is gone. An article of which one is
// rejected is removed whole, for a part of it would mislead; its entry still names all.
func (x *Index) writeChildren(ctx context.Context, jobs []*job, rejected map[int]string) (current []*job, err error) {
	var ops []op
	var of []*job
	for _, j := range jobs {
		for _, c := range j.docs.children {
			ops = append(ops, op{action: actionIndex, ref: c.ref, doc: c.doc, version: &j.rec.Revision})
		}
		ops = append(ops, x.removals(j.rec, j.entry.Sets[1:], j.entry.Sets[:1])...)
		for len(of) < len(ops) {
			of = append(of, j)
		}
	}
	out, err := x.bulk(ctx, ops)
	if err != nil {
		return nil, fmt.Errorf("write mentions and quotes: %w", err)
	}
	var undo []op
	for i, o := range out {
		j := of[i]
		switch {
		case ops[i].action == actionDelete:
			if err := x.removed(ops[i], o); err != nil {
				return nil, err
			}
		case o.hopeless():
			if rejected[j.at] == "" {
				rejected[j.at] = o.reason
				undo = append(undo, x.removals(j.rec, j.entry.Sets, nil)...)
			}
		case !o.done() && !o.conflict(): // a conflict shows in finish
			return nil, fmt.Errorf("write mentions and quotes: %q: %d %s", ops[i].ref.id, o.status, o.reason)
		}
	}
	for _, j := range jobs {
		if rejected[j.at] == "" {
			current = append(current, j)
		}
	}
	return current, x.remove(ctx, undo)
}

// finish writes the entries without the earlier documents, and returns the jobs whose entry
// another writer has changed.
func (x *Index) finish(ctx context.Context, jobs []*job) (lost []*job, err error) {
	ops := make([]op, len(jobs))
	for i, j := range jobs {
		doc, err := json.Marshal(entry{Revision: j.rec.Revision, Sets: j.entry.Sets[:1]})
		if err != nil {
			return nil, fmt.Errorf("write ledger: %w", err)
		}
		ops[i] = op{action: actionIndex, ref: docRef{x.ledger(), j.rec.ID}, doc: doc, after: &j.now}
	}
	out, err := x.bulk(ctx, ops)
	if err != nil {
		return nil, fmt.Errorf("write ledger: %w", err)
	}
	for i, j := range jobs {
		switch o := out[i]; {
		case o.done():
			x.counts.stored.Add(1)
		case o.conflict():
			lost = append(lost, j)
		default:
			return nil, fmt.Errorf("write ledger: article %q: %d %s", j.rec.ID, o.status, o.reason)
		}
	}
	return lost, nil
}
