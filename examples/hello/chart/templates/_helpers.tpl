{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- /* The name of everything: "hello" for the release main, so that people can say deploy/hello; other releases
       (canary, a test) stand beside it in the same namespace. */ -}}
{{- define "hello.name" -}}
{{- if or (eq .Release.Name "main") (contains .Chart.Name .Release.Name) -}}
{{- ternary .Chart.Name .Release.Name (eq .Release.Name "main") | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Chart.Name .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "hello.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hello.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hello.labels" -}}
{{ include "hello.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* How many there are at least. */ -}}
{{- define "hello.minimum" -}}
{{- ternary .Values.autoscaling.min .Values.replicas .Values.autoscaling.enabled -}}
{{- end -}}

{{- /* Of a pod and of a container: what the pod security standard "restricted" demands, and a read-only root. */ -}}
{{- define "hello.podSecurity" -}}
runAsNonRoot: true
runAsUser: 900
runAsGroup: 900
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "hello.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
