import type { OnvifEndpoint } from '../onvif/endpoint.ts';
import { usedFromNowOn } from '../platform/memory.ts';
import type { SoapHttpAnswer, SoapHttpRequest } from '../protocols/soap/http.ts';
import type { SoapEndpoint } from '../servers/http/onvif.ts';

/**
 * The ONVIF endpoint, loaded when the first client comes near: its XML machinery would be a fifth of the memory of a camera that
 * nobody asks by ONVIF.
 */
export class LazyEndpoint implements SoapEndpoint {
  #loading: Promise<OnvifEndpoint> | undefined;

  /** @param make loads the code and makes the endpoint, which is started here */
  constructor(private readonly make: () => Promise<OnvifEndpoint>) {}

  /** Begins to load, so that the first request need not wait; errors show with that request. */
  warmUp(): void {
    this.#load().catch(() => {});
  }

  /** Ends what the services do between requests. */
  stop(): void {
    void this.#loading?.then((endpoint) => endpoint.stop()).catch(() => {});
  }

  /** Answers a request, once everything is loaded. Rejects where that fails; the next request tries again. */
  async handle(request: SoapHttpRequest): Promise<SoapHttpAnswer> {
    return (await this.#load()).handle(request);
  }

  #load(): Promise<OnvifEndpoint> {
    this.#loading ??= this.#open().catch((error: unknown) => {
      // Tried again at the next request.
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #open(): Promise<OnvifEndpoint> {
    const endpoint = await this.make();
    await endpoint.start();
    usedFromNowOn();
    return endpoint;
  }
}
