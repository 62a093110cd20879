// Package elastic keeps records in Elasticsearch, 8 or newer: a pipeline.Sink and a
// search.Searcher.
//
// Articles, their entities and their quotes are documents of monthly indices, named by the month
// of publication (dateline-articles-2025.01, …-undated), behind the aliases dateline-articles,
// dateline-mentions and dateline-quotes. The article's fields are copied into the other two. The
// whole record is the article's "record" object, which is stored and not indexed; it lacks only the
// text, which is the field "text". The index dateline-ledger says where each article's documents
// are; see Index.Write.
//
// Requests are those of go-elasticsearch's esapi, over Elastic's transport, which brings
// connections, failover and authentication. The module's root package would bring its typed API
// too, and minutes of compiling. Nothing beyond the basic server
// is needed: no ILM, no data streams, no scripts.
package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// ErrSetup says that the index templates are not there yet.
var ErrSetup = errors.New("elasticsearch is not set up for dateline")

// Config says how to reach Elasticsearch. The zero value is a server on this machine without
// security.
type Config struct {
	// Addresses are the nodes' URLs; where one fails another is asked. Default:
	// http://localhost:9200.
	Addresses []string
	// Username and Password are for basic authentication.
	Username, Password string
	// APIKey is the base64 form ("encoded") of an API key. It goes before a username.
	APIKey string
	// CAFile is a PEM file of the certificates that are trusted instead of the system's.
	CAFile string
	// Insecure leaves certificates unchecked.
	Insecure bool
	// Prefix begins the name of everything. Default: dateline.
	Prefix string
	// BulkBytes and BulkDocs are the most bytes and documents of one bulk request; one larger
	// document is sent alone. Defaults: 5 MiB, 1000.
	BulkBytes, BulkDocs int
	// Attempts is how often a request or a document is tried that the server refuses for now
	// (429, 5xx, no connection). Default: 5.
	Attempts int
	// MinBackoff and MaxBackoff bound the wait between attempts. Defaults: 100 ms, 5 s.
	MinBackoff, MaxBackoff time.Duration
	// Timeout is for one request. Default: 1 min.
	Timeout time.Duration
	// Patience is for how long after Open a request that is refused for now is tried again, beside Attempts:
	// for a server that is starting. Default: not at all.
	Patience time.Duration
	// Notify, where set, hears of what is tried again out of Patience. It may be called from several goroutines.
	Notify func(error)
	// Transport sends the requests. Default: one of net/http with TLS 1.2 or newer.
	Transport http.RoundTripper
}

// Index is a connection to the indices. It is a pipeline.Sink and a search.Searcher, safe for
// concurrent use by any number of processes.
type Index struct {
	cfg    Config
	client elastictransport.Interface
	counts counts

	clusters clusters
	swept    atomic.Int64 // when old health was deleted, in seconds since 1970
	fed      atomic.Bool  // the index of feeds is known to be there
}

type counts struct {
	stored, older, rejected, deleted, retried atomic.Int64

	requests atomic.Int64 // bulk requests that were sent again

	// Of bulk items, each time they were sent.
	itemsDone, itemsConflict, itemsMissing, itemsRefused, itemsRejected atomic.Int64
}

// Stats counts what Writes did since Open.
type Stats struct {
	// Stored counts records, Older those that a newer revision was there before, and Rejected
	// those that Elasticsearch can't store.
	Stored, Older, Rejected int64
	// Deleted counts documents of earlier revisions that were removed.
	Deleted int64
	// Retried counts documents that were sent again because the server refused them for now.
	Retried int64
	// Requests counts bulk requests that were sent again, whole or in part.
	Requests int64
	// Items counts the documents of bulk requests by outcome, each time they were sent: "done",
	// "conflict" (somebody else's newer state is there), "missing" (nothing to remove), "refused"
	// (for now: 429, 5xx) and "rejected".
	Items map[string]int64
}

// Open checks the configuration. It sends nothing.
func Open(cfg Config) (*Index, error) {
	if len(cfg.Addresses) == 0 {
		cfg.Addresses = []string{"http://localhost:9200"}
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "dateline"
	}
	if err := checkPrefix(cfg.Prefix); err != nil {
		return nil, fmt.Errorf("open elasticsearch: %w", err)
	}
	setDefault(&cfg.BulkBytes, 5<<20)
	setDefault(&cfg.BulkDocs, 1000)
	setDefault(&cfg.Attempts, 5)
	setDefault(&cfg.MinBackoff, 100*time.Millisecond)
	setDefault(&cfg.MaxBackoff, 5*time.Second)
	setDefault(&cfg.Timeout, time.Minute)
	if cfg.Notify == nil {
		cfg.Notify = func(error) {}
	}
	var urls []*url.URL
	for _, a := range cfg.Addresses {
		u, err := url.Parse(strings.TrimSpace(a))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("open elasticsearch: address %q: want http://host:9200 or https://host:9200", redact(a))
		}
		urls = append(urls, u)
	}
	if cfg.Transport == nil {
		t, err := Transport(cfg.CAFile, cfg.Insecure)
		if err != nil {
			return nil, fmt.Errorf("open elasticsearch: %w", err)
		}
		cfg.Transport = t
	}
	// A failed node is passed over; how often, and with what wait, is decided in bulk.
	retry := elastictransport.WithRetry(len(urls), http.StatusBadGateway, http.StatusGatewayTimeout)
	if len(urls) == 1 {
		retry = elastictransport.WithDisableRetry()
	}
	client, err := elastictransport.NewClient(
		elastictransport.WithURLs(urls...), elastictransport.WithTransport(cfg.Transport), retry,
		elastictransport.WithBasicAuth(cfg.Username, cfg.Password), elastictransport.WithAPIKey(cfg.APIKey),
	)
	if err != nil {
		return nil, fmt.Errorf("open elasticsearch: %w", err)
	}
	x := &Index{cfg: cfg, client: client}
	if cfg.Patience > 0 {
		x.client = &patient{to: client, until: time.Now().Add(cfg.Patience), wait: x.wait, notify: cfg.Notify}
	}
	return x, nil
}

func setDefault[T int | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// checkPrefix says why a prefix can't begin an index's name.
func checkPrefix(p string) error {
	if p != strings.ToLower(p) || strings.ContainsAny(p, ` "*\<|,>/?#:`) || strings.IndexAny(p, "-_+.") == 0 || len(p) > 100 {
		return fmt.Errorf("prefix %q: want lower-case letters, digits and hyphens", p)
	}
	return nil
}

// redact hides a password in an address.
func redact(address string) string {
	before, after, ok := strings.Cut(address, "@")
	if !ok {
		return address
	}
	if i := strings.Index(before, "//"); i >= 0 {
		return before[:i+2] + "…@" + after
	}
	return "…@" + after
}

// Transport is net/http's default with TLS 1.2 or newer, which trusts the PEM certificates in caFile (empty:
// the system's) and, where insecure is set, any. Kibana is asked over it, too.
func Transport(caFile string, insecure bool) (*http.Transport, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("net/http's default transport has been replaced")
	}
	t := base.Clone()
	t.MaxIdleConnsPerHost = 16
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // only by the user's own flag
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s holds no PEM certificate", caFile)
		}
	}
	return t, nil
}

// Stats are the counts since Open.
func (x *Index) Stats() Stats {
	return Stats{
		Stored: x.counts.stored.Load(), Older: x.counts.older.Load(), Rejected: x.counts.rejected.Load(),
		Deleted: x.counts.deleted.Load(), Retried: x.counts.retried.Load(), Requests: x.counts.requests.Load(),
		Items: map[string]int64{
			"done": x.counts.itemsDone.Load(), "conflict": x.counts.itemsConflict.Load(), "missing": x.counts.itemsMissing.Load(),
			"refused": x.counts.itemsRefused.Load(), "rejected": x.counts.itemsRejected.Load(),
		},
	}
}

// Ping returns an error where Elasticsearch does not answer, lets us not read, or is not set up. It
// asks once, for the context's time, and needs no privilege but to read the ledger.
func (x *Index) Ping(ctx context.Context) error {
	req := esapi.GetRequest{Index: x.ledger(), DocumentID: "ping", Source: []string{"false"}}
	err := x.call(ctx, req, nil)
	var status *StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound && status.Type == "":
		return nil // there is no such document
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		return notSetUp(x.ledger())
	}
	return err
}

// Close looks for copies among what was just written, and lets connections go.
func (x *Index) Close() error {
	x.closeClusters()
	if t, ok := x.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

func (x *Index) articles() string { return x.cfg.Prefix + "-articles" }
func (x *Index) mentions() string { return x.cfg.Prefix + "-mentions" }
func (x *Index) quotes() string   { return x.cfg.Prefix + "-quotes" }
func (x *Index) ledger() string   { return x.cfg.Prefix + "-ledger" }

// StatusError is an answer that is no success.
type StatusError struct {
	// Status is HTTP's.
	Status int
	// Type and Reason are Elasticsearch's; empty where the answer is not its own.
	Type, Reason string
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("elasticsearch answers %d", e.Status)
	if e.Type != "" {
		s += " " + e.Type
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	switch e.Status {
	case http.StatusUnauthorized:
		s += ": check the username and password or the API key"
	case http.StatusForbidden:
		s += ": the user or API key lacks the privilege, or the index is blocked for writing"
	case http.StatusTooManyRequests:
		s += ": it has more to do, or less memory, than it can bear: ask less at once, or give it more"
	}
	return s
}

// temporary reports whether the same may succeed later.
func temporary(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

// failure is Elasticsearch's description of an error.
type failure struct {
	Type   string   `json:"type"`
	Reason string   `json:"reason"`
	Cause  *failure `json:"caused_by"`
}

// String gives the reason and the innermost cause.
func (f *failure) String() string {
	s := f.Type + ": " + f.Reason
	in := f
	for in.Cause != nil {
		in = in.Cause
	}
	if in != f {
		s += ": " + in.Type + ": " + in.Reason
	}
	return s
}

// call sends one request and decodes the answer into out, where that is not nil. An answer that is
// no success is a *StatusError.
func (x *Index) call(ctx context.Context, req esapi.Request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, x.cfg.Timeout+x.cfg.Patience)
	defer cancel()
	res, err := req.Do(ctx, x.client)
	if err != nil {
		return unreachable(err)
	}
	var raw []byte
	if res.Body != nil {
		defer res.Body.Close()
		if raw, err = io.ReadAll(res.Body); err != nil {
			return fmt.Errorf("read elasticsearch's answer: %w", err)
		}
	}
	if res.StatusCode >= 300 {
		return statusError(res.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("decode elasticsearch's answer: %w", err)
	}
	return nil
}

// unreachable says what an error of sending a request means.
func unreachable(err error) error {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     *net.OpError
		dns         *net.DNSError
	)
	remedy := ""
	switch {
	case errors.As(err, &certificate):
		remedy = ": check the CA file, and the address's host name"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		remedy = ": it speaks no TLS there: does the address begin with http://?"
	case errors.As(err, &dns):
		remedy = ": check the address"
	case errors.As(err, &network) && network.Op == "dial":
		remedy = ": is it running? check the address"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		remedy = ": it closed the connection: does the address begin with https://?"
	}
	return fmt.Errorf("reach elasticsearch: %w%s", err, remedy)
}

func statusError(status int, raw []byte) *StatusError {
	e := &StatusError{Status: status}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var f failure
	if json.Unmarshal(raw, &answer) == nil && json.Unmarshal(answer.Error, &f) == nil && f.Type != "" {
		e.Type, e.Reason = f.Type, strings.TrimPrefix(f.String(), f.Type+": ")
	} else if len(raw) > 0 {
		e.Reason = strings.ToValidUTF8(string(raw[:min(len(raw), 200)]), "?")
	}
	return e
}

// Refresh makes what has been written findable, for tests and at a run's end.
func (x *Index) Refresh(ctx context.Context) error {
	req := esapi.IndicesRefreshRequest{Index: []string{x.articles(), x.mentions(), x.quotes(), x.health(), x.feeds()}, IgnoreUnavailable: yes()}
	if err := x.call(ctx, req, nil); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	return nil
}

// yes is the optional parameter that is set.
func yes() *bool {
	b := true
	return &b
}
