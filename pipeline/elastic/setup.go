package elastic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/search"
)

//go:embed templates/*.json
var templates embed.FS

// Change is what Setup did about one thing.
type Change struct {
	// Name is of a template or an index.
	Name string `json:"name"`
	// Done is "created", "updated" or "unchanged".
	Done string `json:"done"`
}

// What Setup does.
const (
	created   = "created"
	updated   = "updated"
	unchanged = "unchanged"
)

// Setup makes the templates, which carry the aliases, and the ledger, and brings the mappings of
// existing indices up to them. It may be called any number of times, and says what it did. It
// needs the cluster privilege manage_index_templates, and manage on the indices.
func (x *Index) Setup(ctx context.Context) ([]Change, error) {
	if err := x.checkServer(ctx); err != nil {
		return nil, fmt.Errorf("set up elasticsearch: %w", err)
	}
	for _, alias := range []string{x.articles(), x.mentions(), x.quotes()} {
		if err := x.checkAlias(ctx, alias); err != nil {
			return nil, fmt.Errorf("set up elasticsearch: %w", err)
		}
	}
	var changes []Change
	for _, t := range []struct{ file, name string }{
		{"common", x.cfg.Prefix + "-common"},
		{"custom", x.custom()},
		{"articles", x.articles()},
		{"mentions", x.mentions()},
		{"quotes", x.quotes()},
	} {
		done, err := x.putTemplate(ctx, t.file, t.name)
		if err != nil {
			return changes, fmt.Errorf("set up elasticsearch: template %s: %w", t.name, err)
		}
		changes = append(changes, Change{t.name, done})
	}
	for _, alias := range []string{"articles", "mentions", "quotes"} {
		if err := x.putMappings(ctx, alias); err != nil {
			return changes, fmt.Errorf("set up elasticsearch: %w", err)
		}
	}
	// The ledger last: Write takes it for the sign that all is set up.
	for _, i := range []struct{ name, file string }{{x.health(), "health"}, {x.feeds(), "feeds"}, {x.corrections(), "corrections"}, {x.ledger(), "ledger"}} {
		done, err := x.putIndex(ctx, i.name, i.file)
		if err == nil && i.file == "ledger" {
			err = x.completeLedger(ctx)
		}
		if err != nil {
			return changes, fmt.Errorf("set up elasticsearch: index %s: %w", i.name, err)
		}
		changes = append(changes, Change{i.name, done})
	}
	return changes, nil
}

// checkServer checks that this is Elasticsearch 8 or newer.
func (x *Index) checkServer(ctx context.Context) error {
	var info struct {
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if err := x.call(ctx, esapi.InfoRequest{}, &info); err != nil {
		return err
	}
	number, _, _ := strings.Cut(info.Version.Number, ".")
	major, err := strconv.Atoi(number)
	switch {
	case info.Version.Distribution != "":
		return fmt.Errorf("the server is %s %s: dateline needs Elasticsearch 8 or newer", info.Version.Distribution, info.Version.Number)
	case err != nil:
		return errors.New("the server does not say that it is Elasticsearch: check the address")
	case major < 8:
		return fmt.Errorf("the server is Elasticsearch %s: dateline needs 8 or newer", info.Version.Number)
	}
	return nil
}

// checkAlias checks that there is no index of an alias's name.
func (x *Index) checkAlias(ctx context.Context, alias string) error {
	var indices map[string]json.RawMessage
	err := x.call(ctx, esapi.IndicesGetRequest{Index: []string{alias}, IgnoreUnavailable: yes(), FilterPath: []string{"*.aliases"}}, &indices)
	if err != nil {
		return err
	}
	if _, ok := indices[alias]; ok {
		return fmt.Errorf("there is an index named %s, which must be an alias: reindex it under another name and delete it, or choose another prefix", alias)
	}
	return nil
}

// template is the file's JSON for our prefix, with its hash as metadata.
func (x *Index) template(file string) (body []byte, hash string, err error) {
	raw, err := templates.ReadFile("templates/" + file + ".json")
	if err != nil {
		return nil, "", err
	}
	raw = bytes.ReplaceAll(raw, []byte("${prefix}"), []byte(x.cfg.Prefix))
	var t map[string]any
	if err := json.Unmarshal(raw, &t); err != nil {
		return nil, "", err
	}
	hash = hashOf(raw)
	if file == "ingested" {
		return raw, hash, nil // pipelines have no metadata before 8.7
	}
	t["_meta"] = map[string]string{"managed_by": "dateline", "hash": hash}
	body, err = json.Marshal(t)
	return body, hash, err
}

// hashOf tells one form of what setup writes from another.
func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// custom is the template of the cluster's own settings: setup makes it, empty, and leaves it alone
// after that, but for what SetupLifecycle and SetupTransform put in.
func (x *Index) custom() string { return x.cfg.Prefix + "-custom" }

// putTemplate writes a template unless it is there. Those of what all indices share are component
// templates.
func (x *Index) putTemplate(ctx context.Context, file, name string) (string, error) {
	body, hash, err := x.template(file)
	if err != nil {
		return "", err
	}
	type meta struct {
		Meta struct {
			Hash string `json:"hash"`
		} `json:"_meta"`
	}
	var have struct {
		Component []struct {
			Template meta `json:"component_template"`
		} `json:"component_templates"`
		Index []struct {
			Template meta `json:"index_template"`
		} `json:"index_templates"`
	}
	var get, put esapi.Request = esapi.IndicesGetIndexTemplateRequest{Name: name}, esapi.IndicesPutIndexTemplateRequest{Name: name, Body: bytes.NewReader(body)}
	if file == "common" || file == "custom" {
		get, put = esapi.ClusterGetComponentTemplateRequest{Name: []string{name}}, esapi.ClusterPutComponentTemplateRequest{Name: name, Body: bytes.NewReader(body)}
	}
	done := updated
	err = x.call(ctx, get, &have)
	var status *StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		done = created
	case err != nil:
		return "", err
	case file == "custom",
		len(have.Component) == 1 && have.Component[0].Template.Meta.Hash == hash,
		len(have.Index) == 1 && have.Index[0].Template.Meta.Hash == hash:
		return unchanged, nil
	}
	return done, x.call(ctx, put, nil)
}

// putMappings adds to existing indices the fields that the templates have and they lack.
func (x *Index) putMappings(ctx context.Context, what string) error {
	alias := x.cfg.Prefix + "-" + what
	for _, file := range []string{"common", what} {
		body, _, err := x.template(file)
		if err != nil {
			return err
		}
		var t struct {
			Template struct {
				Mappings json.RawMessage `json:"mappings"`
			} `json:"template"`
		}
		if err := json.Unmarshal(body, &t); err != nil {
			return err
		}
		req := esapi.IndicesPutMappingRequest{
			Index: []string{alias + "-*"}, Body: bytes.NewReader(t.Template.Mappings), IgnoreUnavailable: yes(), AllowNoIndices: yes(),
		}
		if err := x.call(ctx, req, nil); err != nil {
			return fmt.Errorf("the indices of %s can't take the new mapping: reindex them: %w", alias, err)
		}
	}
	return nil
}

// putIndex makes an index that is not of a month, from the file of its settings. One that is there gets
// the fields that it lacks.
func (x *Index) putIndex(ctx context.Context, name, file string) (string, error) {
	body, err := templates.ReadFile("templates/" + file + ".json")
	if err != nil {
		return "", err
	}
	var status *StatusError
	err = x.call(ctx, esapi.IndicesExistsRequest{Index: []string{name}}, nil)
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		err = x.call(ctx, esapi.IndicesCreateRequest{Index: name, Body: bytes.NewReader(body)}, nil)
		if errors.As(err, &status) && status.Type == "resource_already_exists_exception" {
			return unchanged, nil // somebody else's setup was quicker
		}
		return created, err
	}
	if err != nil {
		return "", err
	}
	var t struct {
		Mappings node `json:"mappings"`
	}
	if err := json.Unmarshal(body, &t); err != nil {
		return "", err
	}
	delete(t.Mappings, "_meta") // what a new one begins with
	if body, err = json.Marshal(t.Mappings); err != nil {
		return "", err
	}
	return unchanged, x.call(ctx, esapi.IndicesPutMappingRequest{Index: []string{name}, Body: bytes.NewReader(body)}, nil)
}

// completeLedger fills a ledger that is new, or whose filling was broken off: its mapping says that it is being filled,
// until it is.
func (x *Index) completeLedger(ctx context.Context) error {
	var have map[string]struct {
		Mappings struct {
			Meta struct {
				Filling bool `json:"filling"`
			} `json:"_meta"`
		} `json:"mappings"`
	}
	if err := x.call(ctx, esapi.IndicesGetMappingRequest{Index: []string{x.ledger()}}, &have); err != nil {
		return err
	}
	if !have[x.ledger()].Mappings.Meta.Filling {
		return nil
	}
	if err := x.fillLedger(ctx); err != nil {
		return fmt.Errorf("fill it from the articles: run setup again: %w", err)
	}
	body := strings.NewReader(`{"_meta":{"filling":false}}`)
	return x.call(ctx, esapi.IndicesPutMappingRequest{Index: []string{x.ledger()}, Body: body}, nil)
}

// fillLedger gives a ledger the entries of the articles that are there already: then it had been
// deleted. Workers that write meanwhile may leave what is gone from an article; they had better be
// stopped.
func (x *Index) fillLedger(ctx context.Context) error {
	after := ""
	for {
		recs, err := x.Scan(ctx, search.Scan{After: after, Limit: 200})
		if err != nil {
			return err
		}
		var ops []op
		for i := range recs {
			docs, err := x.documents(&recs[i], &copies.Print{})
			if err != nil {
				return err
			}
			doc, err := json.Marshal(entry{Revision: recs[i].Revision, Sets: []docSet{docs.set}})
			if err != nil {
				return err
			}
			ops = append(ops, op{action: actionCreate, ref: docRef{x.ledger(), recs[i].ID}, doc: doc})
			after = recs[i].ID
		}
		out, err := x.bulk(ctx, ops)
		if err != nil {
			return err
		}
		for i, o := range out {
			if !o.done() && !o.conflict() { // a worker was quicker
				return fmt.Errorf("article %q: %d %s", ops[i].ref.id, o.status, o.reason)
			}
		}
		if len(recs) < 200 {
			return nil
		}
	}
}
