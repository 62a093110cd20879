package bleve

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/blevesearch/bleve/v2"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/search"
)

// maxBatch is the bytes of text and of compressed records in a batch, which takes several times as
// much memory while it is analysed.
const maxBatch = 8 << 20

// stored is what a Write must know of an article's earlier revision.
type stored struct {
	revision int64
	quotes   int
}

// Write stores the records, on the disk, in batches that are atomic. It finds out which are copies of
// one story; see copies.go.
func (x *Index) Write(ctx context.Context, recs []pipeline.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if x.readOnly {
		return errors.New("write index: it is open for reading only")
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.broken != nil {
		if err := x.reopen(); err != nil {
			return fmt.Errorf("write index: %w; %w", x.broken, err)
		}
	}
	w := &writing{x: x, batch: x.data.Load().NewBatch(), inBatch: map[string]stored{}}
	rejected := map[int]string{}
	for i := range recs {
		r := recs[i]
		err := w.add(ctx, &r)
		var hopeless *hopelessError
		switch {
		case errors.As(err, &hopeless):
			rejected[i] = hopeless.Error()
		case err != nil:
			return fmt.Errorf("write index: %w", err)
		}
		if w.size >= maxBatch {
			if err := w.flush(); err != nil {
				return fmt.Errorf("write index: %w", err)
			}
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("write index: %w", err)
			}
		}
	}
	if err := w.flush(); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if len(rejected) > 0 {
		return &pipeline.RejectError{Reasons: rejected}
	}
	return nil
}

// hopelessError says that a record can never be stored.
type hopelessError struct{ error }

// writing is a batch in the making.
type writing struct {
	x       *Index
	batch   *bleve.Batch
	inBatch map[string]stored
	recs    map[string]*pipeline.Record // in the batch, as they are to be
	recent  copies.Recent               // the firsts among them
	size    int
}

// flush writes the batch, and begins another.
func (w *writing) flush() error {
	x := w.x
	if w.batch.Size() == 0 {
		return nil
	}
	w.batch.SetInternal([]byte(writesKey), strconv.AppendUint(nil, x.writes+1, 10))
	if err := x.data.Load().Batch(w.batch); err != nil {
		x.broken = err
		_ = x.reopen()                                              // at once, for those who read; if it can't be, the next Write tries again
		if strings.HasSuffix(err.Error(), syscall.ENOSPC.Error()) { // which the library gives as text alone
			return fmt.Errorf("%w: make room on the disk of %s", err, x.dir)
		}
		return err
	}
	x.writes++
	if err := x.countWrites(); err != nil {
		return err
	}
	w.batch = x.data.Load().NewBatch() // not Reset: the library may still be looking at the old one
	clear(w.inBatch)
	w.recs, w.recent, w.size = nil, copies.Recent{}, 0
	return nil
}

// add adds a record, unless a newer revision is there.
func (w *writing) add(ctx context.Context, r *pipeline.Record) error {
	old, known := w.inBatch[r.ID]
	if !known {
		var err error
		if old, known, err = w.x.stored(r.ID); err != nil {
			return err
		}
	}
	if known && old.revision > r.Revision {
		return nil
	}
	m := copies.NewMember(r)
	found, err := w.x.firsts(ctx, &m)
	if err != nil {
		return err
	}
	// What the index has of a record that is in the batch is no longer so.
	found = slices.DeleteFunc(found, func(f copies.Member) bool { return w.recs[f.ID] != nil })
	rg := m.Join(w.recent.With(&m, found))
	m.Set(r)
	if err := w.put(r, &m, old.quotes); err != nil {
		return err
	}
	w.recent.Forget(r.ID)
	if m.First {
		w.recent.Add(m)
	}
	for _, demoted := range rg.Demoted {
		err := w.change(ctx, demoted.ID, func(d *pipeline.Record) { d.First = false })
		if err != nil {
			return err
		}
		w.recent.Forget(demoted.ID)
	}
	for _, left := range rg.Left {
		if err := w.move(ctx, left, m.Cluster); err != nil {
			return err
		}
	}
	return nil
}

// move gives the articles of one cluster another.
func (w *writing) move(ctx context.Context, left, to string) error {
	ids, err := w.x.clustered(ctx, left)
	if err != nil {
		return err
	}
	for id, other := range w.recs {
		if other.Cluster == left && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		err := w.change(ctx, id, func(d *pipeline.Record) {
			if d.Cluster == left {
				d.Cluster = to
			}
		})
		if err != nil {
			return err
		}
	}
	w.recent.Move(left, to)
	return nil
}

// put adds a record to the batch, in place of one that had so many quotes.
func (w *writing) put(r *pipeline.Record, m *copies.Member, quotes int) error {
	n, err := addRecord(w.batch, r, m)
	if err != nil {
		return &hopelessError{err}
	}
	for q := len(r.Quotes); q < quotes; q++ {
		w.batch.Delete(quoteID(r.ID, q))
	}
	w.inBatch[r.ID] = stored{r.Revision, len(r.Quotes)}
	if w.recs == nil {
		w.recs = map[string]*pipeline.Record{}
	}
	w.recs[r.ID] = r
	w.size += n
	return nil
}

// change changes the cluster of a record that is stored or in the batch.
func (w *writing) change(ctx context.Context, id string, change func(*pipeline.Record)) error {
	r := w.recs[id]
	if r == nil {
		var err error
		if r, err = w.x.Get(ctx, id); err != nil {
			return err
		}
	}
	change(r)
	m := copies.NewMember(r)
	return w.put(r, &m, len(r.Quotes))
}

// addRecord adds an article and its quotes to the batch, and returns about how many bytes they are.
// An error means that the record can never be stored.
func addRecord(batch *bleve.Batch, r *pipeline.Record, m *copies.Member) (int, error) {
	packed, err := pack(r)
	if err != nil {
		return 0, err
	}
	d := search.NewDocument(r)
	fields := shared(r, d)
	fields[fieldKind] = kindArticle
	fields[fieldText], fields[fieldTitle] = r.Text, r.Title
	for name, value := range map[string]string{fieldLanguage: r.Language, fieldVersion: r.Version} {
		if value != "" {
			fields[name] = value
		}
	}
	copyFields(fields, r, m)
	fields[fieldRecord] = packed
	fields[fieldRevision], fields[fieldQuotes] = strconv.FormatInt(r.Revision, 10), strconv.Itoa(len(d.Quotes))
	add(fields, search.FacetSpeaker, d.Speakers)
	for name, list := range map[string][]string{fieldBy: d.SpeakerKeys, fieldAliases: d.Aliases, fieldRoles: d.Roles, fieldAffiliations: d.Affiliations, fieldValues: d.Values} {
		if len(list) > 0 {
			fields[name] = list
		}
	}
	size := len(r.Text) + len(packed)
	quotes := make([]map[string]any, len(d.Quotes))
	for i, q := range d.Quotes {
		hit, err := json.Marshal(q.QuoteHit)
		if err != nil {
			return 0, fmt.Errorf("encode quote: %w", err)
		}
		f := shared(r, d)
		f[fieldKind], f[fieldIndex] = kindQuote, float64(i)
		f[fieldWords], f[fieldRecord] = q.Quote.Text, string(hit)
		if r.Cluster != "" {
			f[fieldFold] = search.QuoteFold(r.Cluster, q.Quote.Text)
		}
		add(f, search.FacetSpeaker, q.Speakers)
		if q.SpeakerKey != "" {
			f[fieldBy] = q.SpeakerKey
		}
		if q.Quote.Cue != nil {
			f[fieldCue] = search.Cue(q.Quote.Cue.Text)
		}
		f[fieldQuoteKind] = string(q.Quote.Kind)
		quotes[i] = f
		size += len(q.Quote.Text) + len(hit)
	}
	// Only now, when nothing can go wrong: a batch must not hold half a record.
	if err := batch.Index(articleID(r.ID), fields); err != nil {
		return 0, fmt.Errorf("index article: %w", err)
	}
	for i, f := range quotes {
		if err := batch.Index(quoteID(r.ID, i), f); err != nil {
			return 0, fmt.Errorf("index quote: %w", err)
		}
	}
	return size, nil
}

// shared are the fields that an article and its quotes have alike.
func shared(r *pipeline.Record, d *search.Document) map[string]any {
	f := map[string]any{fieldID: r.ID}
	if r.Cluster != "" {
		f[fieldCluster], f[fieldFold] = r.Cluster, r.Cluster
	}
	add(f, search.FacetPerson, d.Persons)
	add(f, search.FacetOrganisation, d.Organisations)
	add(f, search.FacetPlace, d.Places)
	if r.Source != "" {
		f[facetSource] = r.Source
	}
	if days := indexDays(d.Dates); len(days) > 0 {
		f[fieldDays] = days
	}
	f[fieldOrder] = float64(noTime)
	if !r.Published.IsZero() {
		f[fieldPublished] = millis(r.Published)
		f[fieldOrder] = f[fieldPublished]
	}
	if len(d.Keys) > 0 {
		f[fieldKeys] = d.Keys
	}
	return f
}

func add(fields map[string]any, name string, n search.Names) {
	if len(n.Canonical) > 0 {
		fields[name] = n.Canonical
	}
	if len(n.Forms) > 0 {
		fields[name+suffixForms] = n.Forms
	}
}

// articleID and quoteID are documents' IDs. The first letter keeps the two apart whatever the
// article's ID is.
func articleID(id string) string { return "a" + id }

func quoteID(id string, n int) string { return "q" + strconv.Itoa(n) + "/" + id }

// stored reads what the index has of an article.
func (x *Index) stored(id string) (s stored, ok bool, err error) {
	fields, err := x.document(articleID(id))
	if err != nil || fields == nil {
		return s, false, err
	}
	if s.revision, err = strconv.ParseInt(fields[fieldRevision], 10, 64); err != nil {
		return s, false, fmt.Errorf("%w: article %q: %w", ErrDamaged, id, err)
	}
	if s.quotes, err = strconv.Atoi(fields[fieldQuotes]); err != nil {
		return s, false, fmt.Errorf("%w: article %q: %w", ErrDamaged, id, err)
	}
	return s, true, nil
}

// document are the stored fields of a document, nil where there is none.
func (x *Index) document(id string) (map[string]string, error) {
	doc, err := x.data.Load().Document(id)
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if doc == nil {
		return nil, nil
	}
	fields := map[string]string{}
	doc.VisitFields(func(f index.Field) { fields[f.Name()] = string(f.Value()) })
	return fields, nil
}

// pack is a record as compressed JSON.
func pack(r *pipeline.Record) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(r); err != nil {
		return "", fmt.Errorf("encode record: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("compress record: %w", err)
	}
	return b.String(), nil
}

// unpack reads what pack made.
func unpack(packed string, revision string) (*pipeline.Record, error) {
	z, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		return nil, fmt.Errorf("%w: decompress record: %w", ErrDamaged, err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("%w: decompress record: %w", ErrDamaged, err)
	}
	r := &pipeline.Record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%w: decode record: %w", ErrDamaged, err)
	}
	if r.Revision, err = strconv.ParseInt(revision, 10, 64); err != nil {
		return nil, fmt.Errorf("%w: revision: %w", ErrDamaged, err)
	}
	return r, nil
}

// noTime stands for a missing publication time, before all that there are.
const noTime = -1 << 53

// millis is a time as fieldPublished has it.
func millis(t time.Time) float64 { return float64(t.UnixMilli()) }
