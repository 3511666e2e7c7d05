import type { PipelineReceiver, RequestPipeline, Status } from "../../protocol/index.ts"

/** The owner of a request of a test. */
export interface Request {
  readonly name: number
  /** The pipeline is closed by its answer. */
  readonly closes?: boolean
}

/** Notes all that a pipeline tells. As its user has to, it closes it when it cannot be trusted. */
export class RecordingReceiver implements PipelineReceiver<Request> {
  readonly heard: string[] = []
  pipeline!: RequestPipeline<Request>

  answered(owner: Request | undefined, status: Status, high: number, low: number): void {
    this.heard.push(`${owner?.name ?? "nobody"}: ${status} ${high} ${low}`)
    if (owner?.closes === true) this.pipeline.close()
  }

  unknownStatus(code: number): void {
    this.heard.push(`unknown status ${code}`)
    this.pipeline.close()
  }

  unasked(): void {
    this.heard.push("unasked")
    this.pipeline.close()
  }

  expired(owner: Request, waitedMs: number): void {
    this.heard.push(`${owner.name} waited ${waitedMs}`)
  }
}
