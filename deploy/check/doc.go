// Package check tests what deploys Dateline: the image, the composition, the Helm chart, the alerts
// and Grafana's dashboard. It is a module of its own, so that the libraries that read those
// (compose-go, Helm's, Prometheus') are no dependencies of the program. .ci/run runs it.
package check
