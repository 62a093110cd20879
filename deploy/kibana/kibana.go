// Package kibana makes Kibana's data views and dashboards over what Dateline stores in
// Elasticsearch, and brings them into Kibana.
//
// The dashboards are data: a YAML file each in dashboards/, which names fields, buckets and
// values. From them come the saved objects of Kibana 8.8 and newer, with Lens panels by value:
//
//	data views  views.yaml  ->  PREFIX-articles, PREFIX-mentions, PREFIX-quotes, PREFIX-health, PREFIX-feeds
//	dashboards  overview, people, quotes, dates, health  ->  PREFIX-overview, ...
//
// IDs are made of the prefix and a name and stay the same over releases, so that an import replaces
// what an earlier one made. dateline.ndjson is what comes out for the usual prefix; it can be
// imported by hand (Stack Management, Saved Objects). `go generate ./deploy/kibana` writes it again.
//
// The structure is that of published exports of Kibana 8 and of what Kibana's source says of it
// (src/plugins/dashboard/common/content_management/v1, the operation definitions in
// x-pack/plugins/lens/public/datasources/form_based, es_query_parser.ts of the Vega plugin). It is
// written down in testdata/schema.json, which takes whole exports and not only what we write. It was
// held against all dashboards that Kibana 8.1 to 8.10 has exported in elastic/elastic-package (test/packages:
// copies of auth0, cisco_asa, mongodb, oracle, prometheus, system, ti_anomali and more of
// elastic/integrations) and elastic/package-spec, 33 with 249 panels of our kinds, and against 19 data views of
// elastic/esdiag (assets/kibana) and elastic/elasticsearch-labs (spotify-to-elasticsearch): it takes all of them.
// DATELINE_KIBANA_EXPORTS=FOLDER go test ./deploy/kibana -run TestExports -v does so again with any folder.
// Nothing of them is copied.
//
// Links to the pages of `dateline serve` are URL formats of the data views' fields, for those
// work with every licence; URL drill-downs do not. Links from panel to panel are dashboard
// drill-downs.
package kibana

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:generate go test . -run TestNDJSON -update

//go:embed dashboards/* views.yaml
var sources embed.FS

// The versions of Kibana's formats that the objects are written in. A newer Kibana brings them up
// to its own; one older than CoreVersion refuses them.
const (
	CoreVersion      = "8.8.0"
	dashboardVersion = "8.7.0"
	viewVersion      = "8.0.0"
	panelVersion     = "8.8.0"
)

// DefaultPrefix and DefaultLinks are what Options have where they are empty.
const (
	DefaultPrefix = "dateline"
	DefaultLinks  = "http://localhost:8080"
)

// Options say what the objects are for.
type Options struct {
	// Prefix begins the names of aliases, and the IDs. Default: DefaultPrefix.
	Prefix string
	// Links is the address of `dateline serve` as a reader's browser knows it. Default: DefaultLinks.
	Links string
}

// Object is a saved object.
type Object struct {
	Type                 string         `json:"type"`
	ID                   string         `json:"id"`
	Attributes           map[string]any `json:"attributes"`
	References           []Reference    `json:"references"`
	CoreMigrationVersion string         `json:"coreMigrationVersion"`
	TypeMigrationVersion string         `json:"typeMigrationVersion"`
	Managed              bool           `json:"managed"`
}

// Reference is a saved object's of another.
type Reference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// names of the dashboards, in the order in which they are imported and listed.
var names = []string{"overview", "people", "quotes", "dates", "health"}

// Objects are the data views, then the dashboards.
func Objects(o Options) ([]Object, error) {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Links == "" {
		o.Links = DefaultLinks
	}
	o.Links = strings.TrimRight(o.Links, "/")
	if u, err := url.Parse(o.Links); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("address %q of dateline serve: want http://host:8080 or https://host", o.Links)
	}
	var views map[string]view
	if err := read("views.yaml", &views); err != nil {
		return nil, err
	}
	b := &builder{options: o, views: views}
	var out []Object
	for _, name := range []string{"articles", "mentions", "quotes", "health", "feeds"} {
		v, err := b.view(name)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	for _, name := range names {
		var d dashboard
		if err := read(path.Join("dashboards", name+".yaml"), &d); err != nil {
			return nil, err
		}
		obj, err := b.dashboard(name, &d)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", name, err)
		}
		out = append(out, obj)
	}
	return out, nil
}

// NDJSON is the objects in the form of Kibana's exports: one a line.
func NDJSON(o Options) ([]byte, error) {
	objects, err := Objects(o)
	if err != nil {
		return nil, err
	}
	return encode(objects)
}

func encode(objects []Object) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i := range objects {
		if err := enc.Encode(objects[i]); err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", objects[i].Type, objects[i].ID, err)
		}
	}
	return b.Bytes(), nil
}

// read decodes one of our own files, and takes no key that has no meaning.
func read(name string, out any) error {
	f, err := sources.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	if err := dec.Decode(out); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// text is JSON within JSON, as Kibana keeps it.
func text(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // maps, slices, strings and numbers of our own making
	}
	return strings.TrimSuffix(b.String(), "\n")
}
