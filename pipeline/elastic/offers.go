package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// What some clusters have and Dateline does not need: lifecycles of indices, and transforms. Both
// come with Elastic's free licence, but not with every build of Elasticsearch.

// absent is what SetupLifecycle and SetupTransform say they did on a cluster that lacks them.
const absent = "left out: this cluster has none"

// Lifecycle says how old indices are kept.
type Lifecycle struct {
	// DeleteAfter is the age at which a month's index is deleted, such as "730d". The age counts from
	// when the index was made. Default: never.
	DeleteAfter string
}

// mergeAfter is when a month's index is merged: later revisions of its articles are then rare.
const mergeAfter = "62d"

var age = regexp.MustCompile(`^[1-9][0-9]*[dhm]$`)

// SetupLifecycle makes an ILM policy and puts all indices, also those to come, under it: a month's
// index is merged into one segment after 62 days, and deleted where that is wanted. It is to follow
// Setup, may be repeated, and needs the cluster privilege manage_ilm. On a cluster without ILM it
// does nothing, and says so.
func (x *Index) SetupLifecycle(ctx context.Context, l Lifecycle) ([]Change, error) {
	name := x.cfg.Prefix + "-lifecycle"
	changes, err := x.setupLifecycle(ctx, name, l)
	if err != nil {
		return changes, fmt.Errorf("set up lifecycle %s: %w", name, err)
	}
	return changes, nil
}

func (x *Index) setupLifecycle(ctx context.Context, name string, l Lifecycle) ([]Change, error) {
	if l.DeleteAfter != "" && !age.MatchString(l.DeleteAfter) {
		return nil, fmt.Errorf("age %q: want a number and d, h or m, such as 730d", l.DeleteAfter)
	}
	there, err := x.has(ctx, esapi.ILMGetStatusRequest{}, "x-pack-ilm")
	if err != nil || !there {
		return []Change{{name, absent}}, err
	}
	phases := node{
		"hot":  node{"actions": node{"set_priority": node{"priority": 100}}},
		"warm": node{"min_age": mergeAfter, "actions": node{"set_priority": node{"priority": 50}, "forcemerge": node{"max_num_segments": 1}}},
	}
	if l.DeleteAfter != "" {
		phases["delete"] = node{"min_age": l.DeleteAfter, "actions": node{"delete": node{}}}
	}
	raw, err := json.Marshal(phases)
	if err != nil {
		return nil, err
	}
	hash := hashOf(raw)
	var have map[string]struct {
		Policy struct {
			Meta struct {
				Hash string `json:"hash"`
			} `json:"_meta"`
		} `json:"policy"`
	}
	done, err := x.state(ctx, esapi.ILMGetLifecycleRequest{Policy: name}, &have, func() bool { return have[name].Policy.Meta.Hash == hash })
	if err != nil {
		return nil, err
	}
	if done != unchanged {
		body, err := json.Marshal(node{"policy": node{"phases": phases, "_meta": node{"managed_by": "dateline", "hash": hash}}})
		if err != nil {
			return nil, err
		}
		if err := x.call(ctx, esapi.ILMPutLifecycleRequest{Policy: name, Body: bytes.NewReader(body)}, nil); err != nil {
			return nil, err
		}
	}
	return []Change{{name, done}}, x.customise(ctx, "lifecycle.name", name)
}

// SetupTransform makes a transform that keeps one document for each entity, over all articles, in
// the index PREFIX-entities: articles, mentions, sources, first and last time, newest name and role.
// It is to follow Setup, may be repeated, and needs the cluster privileges manage_transform and
// manage_ingest_pipelines. On a cluster without transforms it does nothing, and says so.
//
// The transform finds what is new by event.ingested, which a final pipeline sets.
func (x *Index) SetupTransform(ctx context.Context) ([]Change, error) {
	name := x.cfg.Prefix + "-entities"
	changes, err := x.setupTransform(ctx, name)
	if err != nil {
		return changes, fmt.Errorf("set up transform %s: %w", name, err)
	}
	return changes, nil
}

func (x *Index) setupTransform(ctx context.Context, name string) ([]Change, error) {
	there, err := x.has(ctx, esapi.TransformGetTransformRequest{}, "transform")
	if err != nil || !there {
		return []Change{{name, absent}}, err
	}
	ingested := x.cfg.Prefix + "-ingested"
	pipeline, _, err := x.template("ingested")
	if err != nil {
		return nil, err
	}
	if err := x.call(ctx, esapi.IngestPutPipelineRequest{PipelineID: ingested, Body: bytes.NewReader(pipeline)}, nil); err != nil {
		return nil, err
	}
	if err := x.customise(ctx, "final_pipeline", ingested); err != nil {
		return nil, err
	}
	body, hash, err := x.template("transform")
	if err != nil {
		return nil, err
	}
	var have struct {
		Transforms []struct {
			Meta struct {
				Hash string `json:"hash"`
			} `json:"_meta"`
		} `json:"transforms"`
	}
	done, err := x.state(ctx, esapi.TransformGetTransformRequest{TransformID: name}, &have, func() bool {
		return len(have.Transforms) == 1 && have.Transforms[0].Meta.Hash == hash
	})
	if err != nil {
		return nil, err
	}
	if done == updated {
		// What a transform groups and adds up can't be changed, so it begins anew.
		if err := x.call(ctx, esapi.TransformStopTransformRequest{TransformID: name, Force: yes(), WaitForCompletion: yes()}, nil); err != nil {
			return nil, err
		}
		if err := x.call(ctx, esapi.TransformDeleteTransformRequest{TransformID: name, Force: yes()}, nil); err != nil {
			return nil, err
		}
		if err := x.call(ctx, esapi.IndicesDeleteRequest{Index: []string{name}, IgnoreUnavailable: yes()}, nil); err != nil {
			return nil, err
		}
	}
	if done != unchanged {
		// Its source has no index before the first article, which is no reason to refuse it.
		put := esapi.TransformPutTransformRequest{TransformID: name, Body: bytes.NewReader(body), DeferValidation: yes()}
		if err := x.call(ctx, put, nil); err != nil {
			return nil, err
		}
	}
	var status *StatusError
	if err := x.call(ctx, esapi.TransformStartTransformRequest{TransformID: name}, nil); err != nil && (!errors.As(err, &status) || status.Status != http.StatusConflict) {
		return nil, err // a conflict says that it runs already
	}
	return []Change{{name, done}}, nil
}

// has reports whether the cluster knows a feature, by asking for its state. One that does not takes
// the path for an index's, or for nothing; where security is on, even for an index that may not be
// looked at, and then the nodes' modules tell.
func (x *Index) has(ctx context.Context, probe esapi.Request, module string) (bool, error) {
	err := x.call(ctx, probe, nil)
	var status *StatusError
	if !errors.As(err, &status) {
		return err == nil, err
	}
	switch status.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		return false, nil
	case http.StatusForbidden:
		var info struct {
			Nodes map[string]struct {
				Modules []struct {
					Name string `json:"name"`
				} `json:"modules"`
			} `json:"nodes"`
		}
		if x.call(ctx, esapi.NodesInfoRequest{Metric: []string{"plugins"}}, &info) != nil {
			return false, err // the first answer says more
		}
		for _, n := range info.Nodes {
			for _, m := range n.Modules {
				if m.Name == module {
					return false, err // it is there, but not for this user
				}
			}
		}
		return false, nil
	}
	return false, err
}

// state asks for what may be there: it is created, updated, or unchanged where same says so.
func (x *Index) state(ctx context.Context, get esapi.Request, out any, same func() bool) (string, error) {
	err := x.call(ctx, get, out)
	var status *StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		return created, nil
	case err != nil:
		return "", err
	case same():
		return unchanged, nil
	}
	return updated, nil
}

// customise sets an index setting in the template of the cluster's own settings and on all indices
// that are there.
func (x *Index) customise(ctx context.Context, setting, value string) error {
	name := x.custom()
	var have struct {
		Component []struct {
			Template struct {
				Template map[string]any `json:"template"`
				Meta     map[string]any `json:"_meta"`
			} `json:"component_template"`
		} `json:"component_templates"`
	}
	if err := x.call(ctx, esapi.ClusterGetComponentTemplateRequest{Name: []string{name}, FlatSettings: yes()}, &have); err != nil {
		return err
	}
	if len(have.Component) != 1 {
		return fmt.Errorf("there is no template %s: run dateline setup", name)
	}
	t := have.Component[0].Template
	if t.Template == nil {
		t.Template = map[string]any{}
	}
	settings, ok := t.Template["settings"].(map[string]any)
	if !ok {
		settings = map[string]any{}
	}
	if settings["index."+setting] != value {
		settings["index."+setting] = value
		t.Template["settings"] = settings
		body, err := json.Marshal(node{"template": t.Template, "_meta": t.Meta})
		if err != nil {
			return err
		}
		if err := x.call(ctx, esapi.ClusterPutComponentTemplateRequest{Name: name, Body: bytes.NewReader(body)}, nil); err != nil {
			return err
		}
	}
	body, err := json.Marshal(node{"index." + setting: value})
	if err != nil {
		return err
	}
	return x.call(ctx, esapi.IndicesPutSettingsRequest{
		Index: []string{x.articles() + "-*", x.mentions() + "-*", x.quotes() + "-*"}, Body: bytes.NewReader(body),
		IgnoreUnavailable: yes(), AllowNoIndices: yes(),
	}, nil)
}
