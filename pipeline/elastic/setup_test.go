package elastic

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

func TestSetupIsIdempotent(t *testing.T) {
	x := open(t)
	x.mustWrite(t, pipelinetest.NewRecord("a", 1000, "Ann Brook"))
	changes, err := x.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 9 {
		t.Errorf("%d changes, want 9: %v", len(changes), changes)
	}
	for _, c := range changes {
		if c.Done != unchanged {
			t.Errorf("%s is %s, want unchanged", c.Name, c.Done)
		}
	}
	// A template of another release is brought up to date.
	body := []byte(`{"index_patterns":["` + x.quotes() + `-*"],"priority":500,"_meta":{"hash":"old"}}`)
	if err := x.call(t.Context(), esapi.IndicesPutIndexTemplateRequest{Name: x.quotes(), Body: bytes.NewReader(body)}, nil); err != nil {
		t.Fatal(err)
	}
	if changes, err = x.Setup(t.Context()); err != nil || changes[4].Done != updated {
		t.Errorf("Setup does %v, %v, want the quotes' template updated", changes, err)
	}
}

// TestSetupOfAnOlderOne: an index for dashboards that an older setup has made gets the new fields, one
// that it did not know is made, and the ledger is left as it is.
func TestSetupOfAnOlderOne(t *testing.T) {
	x := open(t)
	x.mustWrite(t, pipelinetest.NewRecord("a", 1000, "Ann Brook"))
	if err := x.call(t.Context(), esapi.IndicesDeleteRequest{Index: []string{x.health(), x.feeds()}}, nil); err != nil {
		t.Fatal(err)
	}
	old := `{"mappings":{"dynamic":false,"properties":{"@timestamp":{"type":"date"},"health":{"properties":{"read":{"type":"long"}}}}}}`
	if err := x.call(t.Context(), esapi.IndicesCreateRequest{Index: x.health(), Body: strings.NewReader(old)}, nil); err != nil {
		t.Fatal(err)
	}
	changes, err := x.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if want := map[string]string{x.feeds(): created}[c.Name]; c.Done != cmp.Or(want, unchanged) {
			t.Errorf("%s is %s", c.Name, c.Done)
		}
	}
	if err := x.WriteHealth(t.Context(), Health{Host: "one", Time: time.Now(), Waiting: map[string]int64{"raw/0": 5}}); err != nil {
		t.Fatal(err)
	}
	if got := x.ids(t, x.health(), node{"range": node{"health.waiting": node{"gt": 4}}}); len(got) != 1 {
		t.Errorf("%d documents with a partition's lag, want 1", len(got))
	}
}

// under is an index at the same server with another prefix.
func (x *Index) under(t *testing.T, prefix string) *Index {
	t.Helper()
	cfg := x.cfg
	cfg.Prefix = prefix
	y, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return y
}

func TestSetupRefusesAnIndexForAnAlias(t *testing.T) {
	x := open(t)
	y := x.under(t, x.cfg.Prefix+"x")
	if err := x.call(t.Context(), esapi.IndicesCreateRequest{Index: y.mentions()}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := y.Setup(t.Context()); err == nil || !strings.Contains(err.Error(), "must be an alias") {
		t.Errorf("Setup returns %v", err)
	}
	if err := x.call(t.Context(), esapi.IndicesDeleteRequest{Index: []string{y.mentions()}}, nil); err != nil {
		t.Error(err)
	}
}

func TestWithoutSetup(t *testing.T) {
	x := open(t)
	y := x.under(t, x.cfg.Prefix+"y")
	err := y.Write(t.Context(), []pipeline.Record{pipelinetest.NewRecord("a", 1000, "Ann Brook")})
	if !errors.Is(err, ErrSetup) || !strings.Contains(err.Error(), "dateline setup") {
		t.Errorf("Write returns %v, want ErrSetup", err)
	}
	if _, err := y.Get(t.Context(), "a"); !errors.Is(err, ErrSetup) {
		t.Errorf("Get returns %v, want ErrSetup", err)
	}
}

func TestOtherServers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"too old":    {200, `{"version":{"number":"7.17.9"}}`, "needs 8 or newer"},
		"opensearch": {200, `{"version":{"number":"2.11.0","distribution":"opensearch"}}`, "the server is opensearch 2.11.0"},
		"no server":  {200, `{"hello":"world"}`, "check the address"},
		"no JSON":    {200, `<html>`, "decode"},
		"no login":   {401, `{"error":{"type":"security_exception","reason":"missing authentication credentials"}}`, "check the username and password or the API key"},
	} {
		t.Run(name, func(t *testing.T) {
			x := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			if _, err := x.Setup(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Setup returns %v, want %q", err, c.want)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	var got string
	handler := func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusTeapot)
	}
	for want, change := range map[string]func(*Config){
		"":                       func(*Config) {},
		"Basic YW5uOnNlY3JldA==": func(c *Config) { c.Username, c.Password = "ann", "secret" },
		"ApiKey abc":             func(c *Config) { c.APIKey = "abc" },
		"APIKey abc":             func(c *Config) { c.APIKey, c.Username, c.Password = "abc", "ann", "secret" },
	} {
		x := fake(t, handler, change)
		if _, err := x.Setup(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
		if !strings.EqualFold(got, want) {
			t.Errorf("Authorization %q, want %q", got, want)
		}
	}
}

func TestBadConfig(t *testing.T) {
	pem := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(pem, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Addresses: []string{"localhost:9200"}}, "want http://host:9200"},
		{Config{Addresses: []string{"ftp://ann:secret@host"}}, "want http://host:9200"},
		{Config{Prefix: "Dateline"}, "lower-case"},
		{Config{Prefix: "a*"}, "lower-case"},
		{Config{Prefix: "-a"}, "lower-case"},
		{Config{CAFile: pem}, "no PEM certificate"},
		{Config{CAFile: pem + ".none"}, "read CA file"},
	} {
		_, err := Open(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%+v) returns %v, want %q", c.cfg, err, c.want)
		}
	}
}

// TestMappingConflict has an index that somebody made with another mapping.
func TestMappingConflict(t *testing.T) {
	x := open(t)
	older := pipelinetest.NewRecord("a", 1000, "Ann Brook", "Bo Reed")
	older.Published = older.Published.AddDate(0, -1, 0)
	x.mustWrite(t, older)
	body := []byte(`{"mappings":{"properties":{"article":{"properties":{"source":{"type":"integer"}}}}}}`)
	if err := x.call(t.Context(), esapi.IndicesCreateRequest{Index: x.articles() + "-2025.06", Body: bytes.NewReader(body)}, nil); err != nil {
		t.Fatal(err)
	}
	newer, good := pipelinetest.NewRecord("a", 2000, "Ann Brook"), pipelinetest.NewRecord("b", 1000, "Cy Marsh")
	good.Published = older.Published
	err := x.Write(t.Context(), []pipeline.Record{newer, good})
	var rejected *pipeline.RejectError
	if !errors.As(err, &rejected) || len(rejected.Reasons) != 1 || !strings.Contains(rejected.Reasons[0], "article.source") {
		t.Fatalf("Write returns %v, want record 0 rejected for article.source", err)
	}
	// What was stored stays, as if the newer revision had never come.
	x.is(t, older)
	x.is(t, good)
	if s := x.Stats(); s.Rejected != 1 || s.Stored != 2 {
		t.Errorf("stats %+v, want 1 rejected and 2 stored", s)
	}
}

// TestLedgerFilledInPart: a setup that breaks off while it fills a ledger that was deleted leaves the rest to the next.
func TestLedgerFilledInPart(t *testing.T) {
	x := open(t)
	recs := []pipeline.Record{pipelinetest.NewRecord("a", 1000, "Ann Brook"), pipelinetest.NewRecord("b", 1000, "Bo Reed")}
	x.mustWrite(t, recs...)
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.drop(t, x.ledger())
	cfg := x.cfg
	cfg.Attempts, cfg.Transport = 1, tripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "_bulk") {
			return nil, errDead
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	broken, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	if _, err := broken.Setup(t.Context()); !errors.Is(err, errDead) || !strings.Contains(err.Error(), "run setup again") {
		t.Errorf("Setup returns %v", err)
	}
	for range 2 {
		if _, err := x.Setup(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, r := range recs {
			x.is(t, r)
		}
	}
	// Once it is full it is not read through again.
	asked := 0
	cfg.Transport = tripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "_search") {
			asked++
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	full, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if _, err := full.Setup(t.Context()); err != nil || asked != 0 {
		t.Errorf("another setup reads %d pages of articles: %v", asked, err)
	}
}

// TestUnreachable: an error of the connection says what to look at.
func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close() // nobody listens there
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	handler := http.NotFoundHandler()
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for address, want := range map[string]string{
		"http://" + closed.Addr().String():             "is it running?",
		"http://" + silent.Addr().String():             "https://?",
		strings.Replace(plain.URL, "http", "https", 1): "http://?",
		secure.URL:                   "check the CA file",
		"http://nobody.invalid:9200": "check the address",
	} {
		x, err := Open(Config{Addresses: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Setup(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
		_ = x.Close()
	}
}
