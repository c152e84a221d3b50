import type { OnvifEndpoint } from '../onvif/endpoint.ts';
import { usedFromNowOn } from '../platform/memory.ts';
import type { SoapHttpAnswer, SoapHttpRequest } from '../protocols/soap/http.ts';
import type { SoapEndpoint } from '../servers/http/onvif.ts';

/**
 * The SOAP endpoint, loaded when the first client comes near: its XML machinery would take up a fifth of the memory of a
 * camera that nobody asks by ONVIF.
 */
export class LazyEndpoint implements SoapEndpoint {
  #loading: Promise<OnvifEndpoint> | undefined;

  /** @param make loads and makes it */
  constructor(private readonly make: () => Promise<OnvifEndpoint>) {}

  /** Begins loading, so that the first request does not wait for it; errors show with the request. */
  warmUp(): void {
    this.#load().catch(() => {});
  }

  /** Ends what the services do between requests. */
  stop(): void {
    void this.#loading?.then((endpoint) => endpoint.stop()).catch(() => {});
  }

  async handle(request: SoapHttpRequest): Promise<SoapHttpAnswer> {
    return (await this.#load()).handle(request);
  }

  #load(): Promise<OnvifEndpoint> {
    this.#loading ??= this.#open().catch((error: unknown) => {
      // A failure is not for ever.
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
